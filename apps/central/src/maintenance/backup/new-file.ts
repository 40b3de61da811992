import { createWriteStream } from 'node:fs';
import { access, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PassThrough } from 'node:stream';
import type { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError, isAppError } from '@ambit/kernel';
import { systemReason } from '@ambit/config';

/** Throws already_exists: a backup is never written over another one. */
export async function refuseExisting(path: string): Promise<void> {
  const found = await access(path).then(
    () => true,
    () => false,
  );
  if (found) {
    throw new AppError('already_exists', `There is a file ${path} already.`, {
      hint: 'Name another one, or move it away first.',
    });
  }
}

/**
 * Writes a file that only this account may read, which appears under its name when it is whole and on the disk. Throws
 * storage_full and storage_unwritable, and leaves nothing behind then.
 */
export async function writeWhole(
  path: string,
  source: Readable,
  through: Transform = new PassThrough(),
): Promise<void> {
  const unfinished = `${path}.unfinished`;
  try {
    const file = createWriteStream(unfinished, { mode: 0o600, flags: 'wx', flush: true });
    await pipeline(source, through, file);
    await refuseExisting(path);
    await rename(unfinished, path);
    await syncFolder(dirname(path));
  } catch (error) {
    if (systemReason(error) !== 'EEXIST') await rm(unfinished, { force: true }).catch(() => {});
    throw isAppError(error) ? error : unwritten(path, error);
  }
}

/** What was renamed is there after a power cut as well. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function unwritten(path: string, cause: unknown): AppError {
  const code = systemReason(cause);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new AppError('storage_full', `There is no room for ${path}.`, {
      hint: 'Free space there, or name a file on another volume.',
      cause,
    });
  }
  if (code === 'EEXIST') {
    return new AppError('already_exists', `There is a file ${path}.unfinished already.`, {
      why: 'Another backup writes it at this moment, or one was cut short.',
      hint: 'Remove it when no backup runs.',
      cause,
    });
  }
  if (!/^E[A-Z]+$/.test(code)) throw cause;
  return new AppError('storage_unwritable', `The file ${path} cannot be written.`, {
    why: `The system says ${code}.`,
    hint: 'Name a file in a folder that is there and that this account may write to.',
    cause,
  });
}
