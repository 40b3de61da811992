import { lstat, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError, compareText } from '@ambit/kernel';
import { backupHead } from './backup-file.ts';

/** How many are kept, as somebody wrote it. Throws usage. */
export function keptBackups(text: string): number {
  if (/^[1-9][0-9]{0,3}$/.test(text)) return Number(text);
  throw new AppError('usage', `--keep takes a number from 1 to 9999, not ${JSON.stringify(text)}.`);
}

/**
 * Removes the oldest backups of the installation of `file` that are in its folder, with their keys, until `keep` are left. What is no
 * backup, or one of another installation, stays. Gives the paths of what was removed, oldest first.
 */
export async function dropOlderBackups(file: string, keep: number): Promise<readonly string[]> {
  const folder = dirname(file);
  const own = await backupHead(file);
  const found: { path: string; takenAt: string }[] = [];
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (!(await lstat(path)).isFile()) continue;
    const head = await backupHead(path);
    if (head === undefined || head.installation !== own?.installation) continue;
    found.push({ path, takenAt: head.takenAt });
  }
  // Written by `toISOString`, which sorts as text.
  const surplus = found
    .toSorted((a, b) => compareText(a.takenAt, b.takenAt))
    .slice(0, Math.max(0, found.length - keep))
    .map(({ path }) => path);
  for (const path of surplus) {
    await rm(`${path}.keys`, { force: true });
    await rm(path);
  }
  return surplus;
}
