import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@ambit/kernel';
import { lockHolderIsDead, noteLockHolder } from './lock-holder.ts';

export interface FolderLockTimes {
  /** A lock that was not refreshed for so long, in milliseconds, belongs to nobody: its holder cannot be looked for. */
  readonly staleMs: number;
  readonly refreshMs: number;
}

/** Gives the folder back. */
export type ReleaseFolder = () => Promise<void>;

/**
 * Takes a folder that exists for this process alone; undefined while another process has it. One that was killed on this
 * machine has it no more, at once. `onLost` is called when the folder was taken away in spite of that, which happens after a
 * suspend; without it that ends the process. Throws `storage_unwritable` when what stands in place of the lock is none, and
 * the errors of the file system.
 */
export async function lockFolder(
  folder: string,
  { staleMs, refreshMs }: FolderLockTimes,
  onLost?: (error: Error) => void,
): Promise<ReleaseFolder | undefined> {
  const lockfilePath = join(folder, 'lock');
  await refuseStrangeLock(lockfilePath);
  // Who only reads settings does not load it.
  const { default: lockfile } = await import('proper-lockfile');
  const options = {
    stale: staleMs,
    update: refreshMs,
    lockfilePath,
    ...(onLost === undefined ? {} : { onCompromised: onLost }),
  };
  const take = (): Promise<ReleaseFolder | undefined> =>
    lockfile.lock(folder, options).catch((error: unknown) => {
      if (isLocked(error)) return undefined;
      throw error;
    });
  let release = await take();
  if (release === undefined && (await lockHolderIsDead(folder))) {
    await rm(lockfilePath, { recursive: true, force: true });
    release = await take();
  }
  if (release !== undefined) await noteLockHolder(folder);
  return release;
}

const isLocked = (error: unknown): boolean => (error as { code?: string }).code === 'ELOCKED';

/** Locks are folders: anything else under that name was put there by somebody, and would be waited for in vain. */
async function refuseStrangeLock(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined || found.isDirectory()) return;
  throw new AppError('storage_unwritable', `${path} is no lock of a data folder.`, {
    hint: 'Remove it.',
  });
}
