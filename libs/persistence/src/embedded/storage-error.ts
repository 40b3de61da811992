import { AppError } from '@ambit/kernel';

const full = /no space left on device|ENOSPC|disk quota exceeded|EDQUOT/i;
const unwritable =
  /permission denied|ENOENT: .*mkdir|EACCES|EPERM|read-only file system|EROFS|operation not permitted|ENOTDIR/i;

/** What went wrong with a folder on disk, in words that say what to do. An `AppError` stays as it is. */
export function storageError(error: unknown, folder: string): AppError {
  if (error instanceof AppError) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (full.test(text)) {
    return new AppError('storage_full', `The disk that holds ${folder} is full.`, {
      hint: 'Free some space (the database needs about 200 MB to start), or choose another folder with AMBIT_DATA_DIR.',
      cause: error,
    });
  }
  if (unwritable.test(text)) {
    return new AppError('storage_unwritable', `This program may not write to ${folder}.`, {
      hint: 'Give this account the folder, or choose another one with AMBIT_DATA_DIR.',
      cause: error,
    });
  }
  return new AppError('database_unavailable', 'The embedded PostgreSQL did not start.', {
    why: text.slice(-1_000),
    cause: error,
  });
}
