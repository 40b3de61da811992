import { constants, open, rename, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join, basename } from 'node:path';
import { AppError, isAppError } from '@ambit/kernel';

const storageFullCodes = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const unwritableCodes = new Set(['EACCES', 'EPERM', 'EROFS']);

/** The code of a system error, or an empty text. */
export function systemCode(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

/** True when the disk took no more bytes: a wait for space, not a fault of the data. */
export function isStorageFull(error: unknown): boolean {
  return storageFullCodes.has(systemCode(error));
}

/** The failed write as an error that tells the reader what to do. */
export function storageError(path: string, error: unknown): AppError {
  if (isAppError(error)) return error;
  if (isStorageFull(error)) {
    return new AppError('storage_full', `no space left to write ${path}`, {
      hint: 'Free space on that volume; the agent goes on by itself.',
      cause: error,
    });
  }
  if (unwritableCodes.has(systemCode(error))) {
    return new AppError('storage_unwritable', `may not write ${path}`, {
      hint: 'Give the agent a data folder of its own with --data-dir.',
      cause: error,
    });
  }
  return new AppError('internal', `could not write ${path}`, { cause: error });
}

/** Far more than this agent writes into one file: more would only take the memory that it needs. */
const mostBytes = 512 * 1024 ** 2;

/**
 * The bytes of a file from `from` on; undefined when there is none. Throws `storage_unwritable` for what is no file, such as a pipe that
 * would be waited for without end, and for a file of a size that was never written here.
 */
export async function readWhole(path: string, from = 0): Promise<Buffer | undefined> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const facts = await handle.stat();
      if (!facts.isFile()) throw strange(path, 'is no file');
      if (facts.size > mostBytes) throw strange(path, `has ${facts.size} bytes`);
      if (from === 0) return await handle.readFile();
      const bytes = Buffer.allocUnsafe(Math.max(0, facts.size - from));
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, from);
      return bytes.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function strange(path: string, what: string): AppError {
  return new AppError('storage_unwritable', `${path} ${what}.`, {
    why: 'This agent did not put it there.',
    hint: 'Put a good copy back, or remove it.',
  });
}

/** A write is on disk when it returns: one call where a write and a sync would be two turns of the thread pool. */
export const durableInPlace = constants.O_RDWR | constants.O_DSYNC;

/** Writes over what is there, into a file that is open as `durableInPlace`; resolves when it survives a crash. */
export async function writeInPlace(file: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
  }
}

/** The same for what is added to the end of a file, which is made where there is none. */
export function openForAppends(path: string): Promise<FileHandle> {
  const { O_WRONLY, O_APPEND, O_CREAT, O_DSYNC } = constants;
  return open(path, O_WRONLY | O_APPEND | O_CREAT | O_DSYNC, 0o600);
}

/** Adds to the end of a file that `openForAppends` opened; resolves when it survives a crash. */
export async function appendDurably(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += (await file.write(bytes, at)).bytesWritten;
  }
}

/** Makes a rename or a new file in `folder` survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Replaces `path` by `bytes`: after a crash at any moment the file holds the old bytes or the new ones, whole.
 * Throws `storage_full` or `storage_unwritable`; the old file then stands.
 */
export async function replaceDurably(
  path: string,
  bytes: Uint8Array | string,
  mode = 0o600,
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.new`);
  try {
    const handle = await open(temporary, 'w', mode);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await syncFolder(folder);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw storageError(path, error);
  }
}
