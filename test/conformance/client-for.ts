import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeClient, loadKubeconfig } from '@ambit/kube';
import type { KubeClientOptions, KubeConnection } from '@ambit/kube';

/** The connection a kubeconfig's text describes; everything it needs is inside the text. */
export async function connectionFor(kubeconfig: string): Promise<KubeConnection> {
  const folder = await mkdtemp(join(tmpdir(), 'ambit-conformance-'));
  try {
    const path = join(folder, 'kubeconfig');
    await writeFile(path, kubeconfig, { mode: 0o600 });
    return await loadKubeconfig(path);
  } finally {
    await rm(folder, { recursive: true });
  }
}

export async function clientFor(
  kubeconfig: string,
  more: Omit<KubeClientOptions, 'connection'> = {},
): Promise<KubeClient> {
  return new KubeClient({ connection: await connectionFor(kubeconfig), ...more });
}
