import { AppError } from '@ambit/kernel';

const full = /no space left on device|ENOSPC|disk quota exceeded|EDQUOT/i;
const unwritable =
  /permission denied|ENOENT: .*mkdir|EACCES|EPERM|read-only file system|EROFS|operation not permitted|ENOTDIR/i;

/** What went wrong with a folder on disk, in words that say what to do. An `AppError` stays as it is. */
export function storageError(error: unknown, folder: string): AppError {
  if (error instanceof AppError) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (text.startsWith('spawn ')) {
    return new AppError(
      'database_unavailable',
      'A program of the embedded PostgreSQL cannot be run.',
      {
        why: lastWords(text),
        hint: 'Let this account run it, or set AMBIT_CACHE_DIR to a folder whose files may be run.',
        cause: error,
      },
    );
  }
  if (full.test(text)) {
    return new AppError('storage_full', `The disk that holds ${folder} is full.`, {
      why: lastWords(text),
      hint: 'Free some space (the database needs about 200 MB to start), or choose another folder with AMBIT_DATA_DIR.',
      cause: error,
    });
  }
  if (unwritable.test(text)) {
    return new AppError('storage_unwritable', `This program may not write to ${folder}.`, {
      why: lastWords(text),
      hint: 'Give this account the folder, or choose another one with AMBIT_DATA_DIR.',
      cause: error,
    });
  }
  return new AppError('database_unavailable', 'The embedded PostgreSQL did not start.', {
    why: lastWords(text),
    cause: error,
  });
}

/** Of what a program or the system said: the end, from the start of a line. */
function lastWords(text: string): string {
  const end = text.slice(-1_000);
  return end.length < text.length ? end.slice(end.indexOf('\n') + 1) : end;
}
