import { access, constants, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { lockFolder, requireOwnTree } from '@ambit/config';
import { AppError, isAppError } from '@ambit/kernel';

export interface CentralFolder {
  readonly path: string;
  readonly keys: string;
  readonly postgres: string;
  release(): Promise<void>;
}

/**
 * Takes `<data>/central` for this process alone. `onLost` is called when another process took it away in spite of that,
 * which happens after a suspend: this one has to stop. Throws `config_invalid` when
 * others could change what is in it, `storage_unwritable`, `storage_full`, and `data_folder_locked` when another process has it.
 */
export async function openDataFolder(
  dataDir: string,
  onLost: (error: Error) => void,
): Promise<CentralFolder> {
  const path = join(dataDir, 'central');
  try {
    await requireOwnFolder(dataDir);
    await mkdir(path, { recursive: true, mode: 0o700 });
    await access(path, constants.W_OK | constants.X_OK);
    const release = await lockFolder(path, lockTimes, onLost);
    if (release === undefined) throw locked(path);
    return { path, keys: join(path, 'keys'), postgres: join(path, 'postgres'), release };
  } catch (error) {
    throw folderError(error, path);
  }
}

/** Keys, secrets of the embedded database and the first token. Throws config_invalid with the command that mends it. */
export function requireOwnFolder(dataDir: string): Promise<void> {
  return requireOwnTree({
    dataDir,
    folder: join(dataDir, 'central'),
    secrets: ['keys', 'password', 'superuser.password', firstTokenFile],
    // Of the account that runs the embedded PostgreSQL, when root starts it.
    foreign: ['cluster', 'cluster.new', 'cluster.new.pw'],
  });
}

/** Name of the file that holds the first admin token. */
export const firstTokenFile = 'first-admin.token';

const lockTimes = { staleMs: 10_000, refreshMs: 2_000 };

function locked(path: string): AppError {
  return new AppError('data_folder_locked', `Another ambit-central uses the data folder ${path}.`, {
    hint: 'Stop it, or name another folder with --data-dir.',
  });
}

function folderError(error: unknown, path: string): AppError {
  if (isAppError(error)) return error;
  const { code } = error as { code?: string };
  if (code === 'ENOSPC') {
    return new AppError('storage_full', `The disk that holds ${path} is full.`, {
      hint: 'Free space on that volume, or name a folder on another one with --data-dir.',
      cause: error,
    });
  }
  return new AppError('storage_unwritable', `The data folder ${path} cannot be used.`, {
    ...(code === undefined ? {} : { why: `The system says ${(error as Error).message}.` }),
    hint: 'Give it to this user, or name another with --data-dir or AMBIT_DATA_DIR.',
    cause: error,
  });
}
