import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile, readlink, realpath, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { AppError, type Logger } from '@ambit/kernel';

/** A process that ended and that nobody waits for (a zombie) still has its pid; it is not alive. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** proc_pid_stat(5): `PID (NAME) STATE …`; elsewhere the parent of a server is this program or waits for it. */
function isZombie(pid: number): boolean {
  if (process.platform !== 'linux') return false;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.charAt(stat.lastIndexOf(')') + 2) === 'Z';
  } catch {
    return false;
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Resolves to true when the process is gone, to false at the deadline. */
export async function waitUntilGone(pid: number, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (isAlive(pid)) {
    if (performance.now() > deadline) return false;
    await pause(20);
  }
  return true;
}

/** A process id in a lock file may belong to anybody by now: only the server of this very folder is ours to end. */
async function isServerOf(pid: number, cluster: string): Promise<boolean> {
  if (process.platform === 'linux') {
    const program = await readlink(`/proc/${pid}/exe`).catch(() => '');
    const folder = await readlink(`/proc/${pid}/cwd`).catch(() => '');
    return basename(program).startsWith('postgres') && folder === (await realpath(cluster));
  }
  const { stdout } = await promisify(execFile)('ps', ['-o', 'command=', '-p', String(pid)]).catch(
    () => ({ stdout: '' }),
  );
  return stdout.includes('postgres') && stdout.includes(cluster);
}

/**
 * Ends a server that outlived the program which started it (kill -9), and removes a lock file whose process is gone.
 * The caller holds the lock of the data folder, so nobody else can be using it. Throws data_folder_locked.
 */
export async function endOrphan(cluster: string, logger: Logger): Promise<void> {
  const lockFile = join(cluster, 'postmaster.pid');
  const text = await readFile(lockFile, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  const pid = Number.parseInt(text, 10);
  if (!(pid > 1) || !isAlive(pid) || !(await isServerOf(pid, cluster))) {
    await rm(lockFile, { force: true });
    return;
  }
  logger.warn('ending a database server that outlived its program', { pid });
  for (const [signal, withinMs] of [
    ['SIGINT', 15_000],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ] as const) {
    process.kill(pid, signal);
    if (await waitUntilGone(pid, withinMs)) return;
  }
  throw new AppError(
    'data_folder_locked',
    `Process ${pid} still uses the database folder ${cluster}.`,
    {
      hint: 'End that process, then start again.',
      nextCommand: `kill -INT ${pid}`,
    },
  );
}
