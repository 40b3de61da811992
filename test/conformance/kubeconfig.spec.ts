import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  devClusterSettings,
  kubectl,
  kubernetesAtHand,
  startSimulatedCluster,
} from '@ambit/dev-cluster';
import type { SimulatedCluster } from '@ambit/dev-cluster';
import { KubeClient, loadKubeconfig } from '@ambit/kube';
import { kubeconfigRows, type KubeconfigRow } from './kubeconfig-rows.ts';

/*
 * What a kubeconfig means is what kubectl takes it to mean: each row is given to the real kubectl and to our client, and
 * both must reach the API server as the same person, or both must refuse. The cluster is a simulated one, which tells
 * who asked.
 */
const settings = devClusterSettings(process.env);
const judged = settings.kubernetes !== 'simulated' && (await kubernetesAtHand(settings));

let cluster: SimulatedCluster;
let folder: string;
let path: string;

beforeAll(async () => {
  cluster = await startSimulatedCluster({ name: 'kubeconfig' });
  folder = await mkdtemp(join(tmpdir(), 'ambit-kubeconfigs-'));
  path = join(folder, 'config');
  await mkdir(join(folder, 'pki'));
  const person = (name: string) => cluster.issueToken({ name, groups: ['system:masters'] });
  const inline = join(folder, 'inline');
  await writeFile(inline, cluster.adminKubeconfig);
  const { cert = '', key = '' } = await (await loadKubeconfig(inline)).identity();
  const plugin = (name: string) => `#!/bin/sh
echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"${person(name)}"}}'
`;
  const files = {
    ca: cluster.caPem,
    cert,
    key,
    token: `${person('file')}\n`,
    empty: '\n',
    plugin: plugin('plugin'),
  };
  for (const [name, text] of Object.entries(files))
    await writeFile(join(folder, 'pki', name), text);
  await chmod(join(folder, 'pki', 'plugin'), 0o755);
});
afterAll(async () => {
  await cluster.stop();
  await rm(folder, { recursive: true });
});

async function write(row: KubeconfigRow): Promise<void> {
  const token = cluster.issueToken({ name: 'inline', groups: ['system:masters'] });
  const text = row.text({
    server: cluster.server,
    ca: Buffer.from(cluster.caPem).toString('base64'),
    token,
  });
  await writeFile(path, text, row.encoding ?? 'utf8');
}

async function byKubectl(): Promise<string> {
  const args = ['--kubeconfig', path, 'auth', 'whoami', '-o', 'json'];
  const run = await kubectl(cluster, args, { settings });
  if (run.exitCode !== 0) return 'refused';
  const { status } = JSON.parse(run.stdout) as { status: { userInfo: { username: string } } };
  return status.userInfo.username;
}

async function byUs(): Promise<{ outcome: string; words: string }> {
  let client: KubeClient | undefined;
  try {
    client = new KubeClient({ connection: await loadKubeconfig(path), timeoutMs: 5_000 });
    return { outcome: (await client.whoAmI()).username, words: '' };
  } catch (error) {
    return { outcome: 'refused', words: (error as Error).message };
  } finally {
    client?.close();
  }
}

const rows = kubeconfigRows.map((row) => [row.name, row] as const);

describe('outside case 11: a kubeconfig means what kubectl takes it to mean', () => {
  test.each(rows)('%s', async (_, row) => {
    await write(row);
    if (judged) expect(await byKubectl()).toBe(row.as);
    const { outcome, words } = await byUs();
    expect({ outcome, words }).toEqual({
      outcome: row.ours ?? row.as,
      words: row.words === undefined ? expect.any(String) : expect.stringMatching(row.words),
    });
  });
});
