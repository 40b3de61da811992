import { execFile } from 'node:child_process';
import { readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

/**
 * Command lines of the running processes that name the folder or, on Linux, work in it. Those that ended but wait for
 * their parent do not count.
 */
export async function processesOf(folder: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)(
    'ps',
    ['-A', '-ww', '-o', 'pid=', '-o', 'stat=', '-o', 'args='],
    { maxBuffer: 16 * 1024 * 1024 },
  );
  const found: string[] = [];
  for (const line of stdout.split('\n')) {
    const [, pid, state = '', args = ''] = /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    if (pid === undefined || state.startsWith('Z')) continue;
    if (args.includes(folder) || (await workingFolder(pid)).includes(folder)) found.push(args);
  }
  return found;
}

async function workingFolder(pid: string): Promise<string> {
  return readlink(`/proc/${pid}/cwd`).catch(() => '');
}
