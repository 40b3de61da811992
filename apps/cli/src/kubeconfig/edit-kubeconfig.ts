import { randomUUID } from 'node:crypto';
import {
  chmod,
  chown,
  copyFile,
  lstat,
  mkdir,
  open,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readText, systemReason } from '@ambit/config';
import { AppError, isAppError, type ErrorExtras } from '@ambit/kernel';
import { KubeconfigFile } from './kubeconfig-file.ts';
import { KubeconfigSet } from './kubeconfig-set.ts';

const mostBytes = 16 * 1024 * 1024;
const lockWithinMs = 5_000;
const pollMs = 50;

/** Reads the files as they are. Throws `config_invalid` for one that cannot be read or is none. */
export async function readKubeconfig(paths: readonly string[]): Promise<KubeconfigSet> {
  return new KubeconfigSet(await Promise.all(paths.map(readFileAt)));
}

/**
 * Edits the files while nobody else does, kubectl included, whose locks these are. Each is replaced as a whole and keeps its mode; as
 * it was before stays beside it as `.ambit-backup`. Throws `config_invalid`, `storage_unwritable`, and what `edit` throws: then
 * nothing is written.
 */
export async function editKubeconfig<T>(
  paths: readonly string[],
  edit: (set: KubeconfigSet) => T,
): Promise<T> {
  const locks: string[] = [];
  try {
    for (const path of paths) locks.push(await lock(path));
    const set = await readKubeconfig(paths);
    const result = edit(set);
    const changed = set.files.flatMap((file) => {
      const text = file.changedText();
      return text === undefined ? [] : [{ path: file.path, text }];
    });
    for (const { path } of changed) await refuseUnwritable(path);
    for (const { path, text } of changed) await replace(path, text);
    return result;
  } catch (error) {
    if (isAppError(error) || systemReason(error) === String(error)) throw error;
    throw unwritable(paths.join(', '), `the system says ${systemReason(error)}`, { cause: error });
  } finally {
    for (const path of locks) await rm(path, { force: true });
  }
}

async function readFileAt(path: string): Promise<KubeconfigFile> {
  const file = await readText(path, { maxBytes: mostBytes });
  if (file.ok) return new KubeconfigFile(path, file.text);
  if (file.code !== 'ENOENT') throw unreadable(path, file.reason);
  const link = await lstat(path).catch(() => undefined);
  if (link !== undefined)
    throw unreadable(path, 'it is a symbolic link to a file that is not there');
  return new KubeconfigFile(path, undefined);
}

/** As kubectl locks: a file beside it that only one can make. */
async function lock(path: string): Promise<string> {
  const file = `${path}.lock`;
  const until = Date.now() + lockWithinMs;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  for (;;) {
    try {
      await (await open(file, 'wx', 0o600)).close();
      return file;
    } catch (error) {
      if (systemReason(error) !== 'EEXIST') throw error;
    }
    if (Date.now() > until) {
      throw unwritable(
        path,
        `${file} is there: another program changes it, or ended while it did`,
        {
          nextCommand: `rm ${file}`,
        },
      );
    }
    await sleep(pollMs);
  }
}

/** What is not to be written is not replaced either. */
async function refuseUnwritable(path: string): Promise<void> {
  const facts = await stat(path).catch(() => undefined);
  if (facts === undefined || (facts.mode & 0o222) !== 0) return;
  throw unwritable(path, 'it is read-only', { nextCommand: `chmod u+w ${path}` });
}

/** A link stays one: what it leads to is replaced. */
async function replace(path: string, text: string): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const facts = await stat(target).catch(() => undefined);
  if (facts !== undefined) await copyFile(target, `${target}.ambit-backup`);
  const temporary = `${target}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    if (facts !== undefined) {
      await chmod(temporary, facts.mode & 0o777);
      // Only root can give it to another account, and only root would take it away from one.
      if (process.getuid?.() === 0) await chown(temporary, facts.uid, facts.gid);
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function unreadable(path: string, why: string): AppError {
  return new AppError('config_invalid', `cannot read ${path}`, {
    why,
    hint: 'Mend it, or name another with KUBECONFIG; nothing was changed.',
  });
}

function unwritable(path: string, why: string, more: ErrorExtras): AppError {
  const hint = 'Nothing was changed; KUBECONFIG can name another file.';
  return new AppError('storage_unwritable', `cannot write ${path}`, { why, hint, ...more });
}
