import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** `HOST PID MARK` of who holds the lock of a folder; the mark tells a process from every other that had its pid. */
const fileName = 'lock.holder';

/** Says beside the lock of a folder that a process, this one, holds it, so that the next one need not wait when it is killed. */
export async function noteLockHolder(folder: string, pid = process.pid): Promise<void> {
  const mark = (await markOf(pid)) ?? '';
  const text = `${[hostname(), pid, mark].join(' ').trim()}\n`;
  await writeFile(join(folder, fileName), text, { mode: 0o600 });
}

/**
 * True when the process that held the lock of this folder does not run any more. One that was killed and that nobody has
 * waited for (a zombie) does not run, nor does another program that got its pid. Of another machine nothing is known:
 * false.
 */
export async function lockHolderIsDead(folder: string): Promise<boolean> {
  const text = await readFile(join(folder, fileName), 'utf8').catch(() => '');
  const [host, pid = '', mark] = text.trim().split(' ');
  if (host !== hostname() || !/^\d{1,10}$/.test(pid)) return false;
  const now = await markOf(Number(pid));
  // A release before this one wrote no mark: then the same pid on it is this very process, started anew.
  return now === undefined || (mark === undefined ? Number(pid) === process.pid : now !== mark);
}

/** Of a process that runs: when it began, as one word; undefined when none runs under this pid. */
async function markOf(pid: number): Promise<string | undefined> {
  return process.platform === 'linux' ? linuxMark(pid) : psMark(pid);
}

/** proc_pid_stat(5): `PID (NAME) STATE …`, and the start in ticks since boot as field 22. The name may hold anything. */
async function linuxMark(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = ''] = fields;
  if (state === '' || 'ZXx'.includes(state)) return undefined;
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return `${boot.trim()}/${fields[19] ?? ''}`;
}

async function psMark(pid: number): Promise<string | undefined> {
  const args = ['-o', 'state=,lstart=', '-p', String(pid)];
  const { stdout } = await promisify(execFile)('ps', args).catch(() => ({ stdout: '' }));
  const [state = '', ...start] = stdout.trim().split(/\s+/);
  return state === '' || state.startsWith('Z') ? undefined : start.join('_');
}
