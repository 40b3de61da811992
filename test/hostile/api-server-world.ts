import { devClusterSettings, startDevClusters } from '@ambit/dev-cluster';
import type { DevCluster, DevClusters } from '@ambit/dev-cluster';
import type { PolicyRule } from '@ambit/rbac';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printed } from '../support/run-program.ts';
import { RawKube } from '../support/raw-kube.ts';

export const agentAccount = 'ambit-agent';
export const rbacApi = '/apis/rbac.authorization.k8s.io/v1';
export const rbacGroup = 'rbac.authorization.k8s.io';

/** What the owner of the attacked cluster allows, in the words of its file; the judge reads the same. */
export interface OwnersWill {
  readonly allowedClusterRoles: readonly string[];
  readonly clusterScope: boolean;
  readonly protectedNamespaces: readonly string[];
  readonly subjectPrefixes: readonly string[];
  readonly customRules: readonly PolicyRule[];
}

const always = ['kube-system', 'kube-public', 'kube-node-lease', 'ambit-system'];

export const wills: readonly OwnersWill[] = [
  {
    allowedClusterRoles: ['view', 'edit'],
    clusterScope: false,
    protectedNamespaces: [...always, 'vault'],
    subjectPrefixes: ['ambit:'],
    customRules: [],
  },
  {
    allowedClusterRoles: ['view'],
    clusterScope: true,
    protectedNamespaces: always,
    subjectPrefixes: ['ambit:', 'oidc:'],
    customRules: [
      { apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: ['', 'apps'], resources: ['*/scale'], verbs: ['update'] },
      { apiGroups: [''], resources: ['configmaps'], resourceNames: ['app', 'web'], verbs: ['get'] },
      { nonResourceURLs: ['/healthz', '/metrics/*'], verbs: ['get'] },
    ],
  },
];

/** A real cluster whose agent may do everything that RBAC can give, but for what no policy can see. */
export class HostileWorld {
  readonly cluster: DevCluster;
  readonly admin: RawKube;
  readonly agent: RawKube;
  readonly #clusters: DevClusters;
  readonly #folder: string;

  private constructor(parts: {
    clusters: DevClusters;
    cluster: DevCluster;
    admin: RawKube;
    agent: RawKube;
    folder: string;
  }) {
    this.#clusters = parts.clusters;
    this.cluster = parts.cluster;
    this.admin = parts.admin;
    this.agent = parts.agent;
    this.#folder = parts.folder;
  }

  /** Undefined, with the reasons, where there is no real Kubernetes. */
  static async open(): Promise<HostileWorld | { readonly missing: string }> {
    const settings = devClusterSettings(process.env);
    const clusters = await startDevClusters({ names: ['hostile'], settings, forTests: true });
    if (clusters.kind === 'simulated') {
      await clusters.stop();
      return { missing: clusters.reasons.join(' ') };
    }
    const cluster = clusters.cluster('hostile');
    const admin = await RawKube.open(cluster.adminKubeconfig);
    const agent = await RawKube.open(await cluster.kubeconfigFor({ user: agentAccount }));
    const folder = await mkdtemp(join(tmpdir(), 'ambit-hostile-'));
    const world = new HostileWorld({ clusters, cluster, admin, agent, folder });
    for (const [path, body] of furniture()) await world.make(path, body);
    return world;
  }

  /** Puts the policies of this ceiling in force; RBAC stays open. */
  async rule(will: OwnersWill): Promise<void> {
    const file = join(this.#folder, 'ceiling.yaml');
    const { customRules, ...rest } = will;
    const spec = { ...rest, customRoles: { rules: customRules } };
    await writeFile(file, JSON.stringify({ spec }));
    const rights = await openRights(this.admin);
    await this.cluster.agentKubeconfig(rights, await printed('print-policy', file));
  }

  async make(path: string, body: object): Promise<void> {
    const { status, message } = await this.admin.send({ method: 'POST', path, body });
    if (status >= 300) throw new Error(`${path}: ${status} ${message}`);
  }

  async stop(): Promise<void> {
    this.admin.close();
    this.agent.close();
    await this.#clusters.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/**
 * Layers 1 and 2 open: every verb on every resource. Two things no admission policy can see, so that RBAC alone
 * answers for them: impersonation (the request then carries another's name), and the policies themselves, which
 * Kubernetes exempts from policies.
 */
async function openRights(admin: RawKube): Promise<PolicyRule[]> {
  const { body } = await admin.send({ method: 'GET', path: '/apis' });
  const groups = (body['groups'] as { name: string }[]).map(({ name }) => name);
  const look = ['get', 'list', 'watch'];
  const change = ['create', 'update', 'patch', 'delete', 'deletecollection'];
  const lift = ['bind', 'escalate', 'approve', 'sign', 'attest', 'use', 'proxy'];
  const policies = 'admissionregistration.k8s.io';
  return [
    {
      apiGroups: ['', ...groups.filter((group) => group !== policies)],
      resources: ['*'],
      verbs: [...look, ...change, ...lift],
    },
    { apiGroups: [policies], resources: ['*'], verbs: look },
    { nonResourceURLs: ['*'], verbs: ['*'] },
  ];
}

const binding = (namespace: string, name: string, role: string): [string, object] => [
  `${rbacApi}/namespaces/${namespace}/rolebindings`,
  {
    metadata: { name },
    roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'User', apiGroup: rbacGroup, name: 'owner' }],
  },
];

/** What stands in the cluster and is not of Ambit. */
function furniture(): [string, object][] {
  const secrets = [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }];
  const container = { name: 'main', image: 'none' };
  return [
    ...['payments', 'vault', 'ambit-system'].map((name): [string, object] => [
      '/api/v1/namespaces',
      { metadata: { name } },
    ]),
    binding('payments', 'admins', 'admin'),
    binding('payments', 'ambit-view-foreignaaaaa', 'view'),
    binding('kube-system', 'owners', 'edit'),
    [`${rbacApi}/clusterroles`, { metadata: { name: 'secret-reader' }, rules: secrets }],
    [
      `${rbacApi}/clusterroles`,
      {
        metadata: { name: 'collects' },
        aggregationRule: { clusterRoleSelectors: [{ matchLabels: { 'acme.io/collect': 'yes' } }] },
        rules: [],
      },
    ],
    [`${rbacApi}/namespaces/payments/roles`, { metadata: { name: 'local' }, rules: secrets }],
    [
      '/api/v1/namespaces/payments/pods',
      { metadata: { name: 'web' }, spec: { containers: [container] } },
    ],
    ['/api/v1/namespaces/payments/secrets', { metadata: { name: 'password' } }],
    ['/api/v1/namespaces/payments/configmaps', { metadata: { name: 'app' } }],
    ['/api/v1/nodes', { metadata: { name: 'node-1' } }],
    [
      '/api/v1/namespaces/payments/services',
      { metadata: { name: 'web' }, spec: { ports: [{ port: 80 }] } },
    ],
    [
      '/apis/apps/v1/namespaces/payments/deployments',
      {
        metadata: { name: 'web' },
        spec: {
          replicas: 0,
          selector: { matchLabels: { app: 'web' } },
          template: { metadata: { labels: { app: 'web' } }, spec: { containers: [container] } },
        },
      },
    ],
  ];
}
