import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DevCluster } from './dev-cluster.ts';
import { obtainPrograms } from './obtain/obtain-programs.ts';
import type { DevClusterSettings } from './settings.ts';

export interface KubectlOptions {
  readonly settings: DevClusterSettings;
  /** YAML text of the kubeconfig to use. Default: the cluster's admin. */
  readonly kubeconfig?: string;
  /** Given to standard input, as for `apply -f -`. */
  readonly input?: string;
  readonly timeoutMs?: number;
}

export interface KubectlResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the real kubectl against a cluster. A failure is a result, not an error. Needs the real programs. */
export async function kubectl(
  cluster: DevCluster,
  args: readonly string[],
  options: KubectlOptions,
): Promise<KubectlResult> {
  const programs = await obtainPrograms({
    settings: options.settings,
    onProgress: () => undefined,
  });
  const folder = await mkdtemp(join(tmpdir(), 'ambit-kubectl-'));
  try {
    const path = join(folder, 'kubeconfig');
    await writeFile(path, options.kubeconfig ?? cluster.adminKubeconfig, { mode: 0o600 });
    // Its own home, so that discovery caches do not land in the user's.
    const env = { PATH: '/usr/bin:/bin', HOME: folder, KUBECONFIG: path };
    return await run(programs.kubectl.path, args, env, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  { input, timeoutMs = 30_000 }: KubectlOptions,
): Promise<KubectlResult> {
  return new Promise((resolve) => {
    const child = execFile(
      program,
      args,
      { env, timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : 255;
        resolve({ exitCode, stdout, stderr: stderr || (error?.message ?? '') });
      },
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}
