import { AppError } from '@ambit/kernel';

const unwritable = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST']);

/** The system's error code, such as `ENOENT`, when the error has one. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** `storage_full` or `storage_unwritable` for the errors of a file system; others come back as they are. */
export function storageError(error: unknown, folder: string): unknown {
  const code = systemCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new AppError('storage_full', `The disk that holds ${folder} is full.`, {
      hint: 'Kubernetes needs about 300 MB there. Free some space, or set AMBIT_CACHE_DIR to a folder on another disk.',
      cause: error,
    });
  }
  if (code !== undefined && unwritable.has(code)) {
    return new AppError('storage_unwritable', `${folder} cannot be written (${code}).`, {
      hint: 'Set AMBIT_CACHE_DIR to a folder you may write to.',
      cause: error,
    });
  }
  return error;
}
