import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kubectl, obtainHelm } from '@ambit/dev-cluster';
import type { DevCluster, DevClusterSettings } from '@ambit/dev-cluster';
import { eventually } from '@ambit/testing';
import { stringify } from 'yaml';
import { manifests, namespaceOf, runHelm } from '../charts/render.ts';
import { RawKube } from './raw-kube.ts';

const namespace = namespaceOf['ambit-agent'];
/** Who the agent of the chart is to the API server. */
export const chartAccount = `system:serviceaccount:${namespace}:ambit-agent`;

/** One credential of the account, as each pod has its own. */
export interface AccountCredential {
  /** Of a kubeconfig with nothing in it but this token. */
  readonly path: string;
  readonly token: string;
  /** What the audit log of the API server calls it. */
  readonly id: string;
}

/** A cluster in which the chart of the agent was installed, but for its pods, which no controller makes here. */
export interface ChartedCluster {
  /** What the pods mount. */
  readonly ceilingFile: string;
  credential(name: string): Promise<AccountCredential>;
}

interface Ground {
  readonly dev: DevCluster;
  readonly settings: DevClusterSettings;
  /** For kubeconfigs and the ceiling. */
  readonly folder: string;
  readonly values?: object;
  /** What `ambit-agent print-policy` printed for another ceiling than the default one. */
  readonly printed?: string;
}

/** Resolves when account, rights and policies of the chart are in force. */
export async function installChart(ground: Ground): Promise<ChartedCluster> {
  const { dev, settings, folder, values = {}, printed } = ground;
  const helm = await obtainHelm(settings, () => undefined);
  const render = { chart: 'ambit-agent', values, ...(printed && { printed }) } as const;
  const { exitCode, text, said } = await runHelm(helm, 'template', render);
  if (exitCode !== 0) throw new Error(said);
  const admin = await RawKube.open(dev.adminKubeconfig);
  try {
    const made = { metadata: { name: namespace } };
    await admin.send({ method: 'POST', path: '/api/v1/namespaces', body: made });
    const args = ['apply', '--server-side', '--force-conflicts', '-f', '-'];
    const applied = await kubectl(dev, args, { settings, input: text, timeoutMs: 120_000 });
    if (applied.exitCode !== 0) throw new Error(applied.stderr);
    const ceilingFile = join(folder, 'chart-ceiling.yaml');
    await writeFile(ceilingFile, ceilingOf(text));
    const credential = async (name: string) => credentialOf(admin, { dev, folder, name });
    await untilInForce(dev, (await credential('probe')).token);
    return {
      ceilingFile,
      credential: async (name) => {
        const asking = await RawKube.open(dev.adminKubeconfig);
        try {
          return await credentialOf(asking, { dev, folder, name });
        } finally {
          asking.close();
        }
      },
    };
  } finally {
    admin.close();
  }
}

function ceilingOf(text: string): string {
  const map = manifests(text).find(({ kind }) => kind === 'ConfigMap');
  const file = (map as { data?: Record<string, string> } | undefined)?.data?.['ceiling.yaml'];
  if (file === undefined) throw new Error('the chart has no ceiling');
  return file;
}

async function credentialOf(
  admin: RawKube,
  { dev, folder, name }: { dev: DevCluster; folder: string; name: string },
): Promise<AccountCredential> {
  const { status, body, message } = await admin.send({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/ambit-agent/token`,
    body: { spec: { expirationSeconds: 7_200 } },
  });
  if (status !== 201) throw new Error(`no token: ${status} ${message}`);
  const { token } = body['status'] as { token: string };
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    jti: string;
  };
  const path = join(folder, `${name}.kubeconfig`);
  await writeFile(path, kubeconfigOf(dev, token), { mode: 0o600 });
  return { path, token, id: `JTI=${claims.jti}` };
}

function kubeconfigOf(dev: DevCluster, token: string): string {
  const authority = Buffer.from(dev.caPem).toString('base64');
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'c', cluster: { server: dev.server, 'certificate-authority-data': authority } },
    ],
    users: [{ name: 'agent', user: { token } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'agent' } }],
    'current-context': 'c',
  });
}

/** RBAC and policies both take a moment. What only the policy of the ceiling refuses is refused by it. */
async function untilInForce(dev: DevCluster, token: string): Promise<void> {
  const agent = await RawKube.open(dev.adminKubeconfig, token);
  const labels = { 'ambit.dev/managed-by': 'ambit', 'ambit.dev/cluster': 'c' };
  const metadata = {
    name: 'ambit-view-abcdefghijkl',
    labels: { ...labels, 'ambit.dev/installation': 'i' },
    annotations: { 'ambit.dev/identity': 'x' },
  };
  const apiGroup = 'rbac.authorization.k8s.io';
  const body = {
    metadata,
    roleRef: { apiGroup, kind: 'ClusterRole', name: 'view' },
    subjects: [{ apiGroup, kind: 'User', name: 'somebody' }],
  };
  const path = `/apis/${apiGroup}/v1/namespaces/default/rolebindings?dryRun=All`;
  await eventually(
    async () => {
      const { status, message } = await agent.send({ method: 'POST', path, body });
      if (status !== 403 || !message.includes('ambit-agent-ceiling'))
        throw new Error(`${status} ${message}`);
    },
    { withinMs: 60_000, everyMs: 200, what: 'the policies of the chart' },
  ).finally(() => agent.close());
}
