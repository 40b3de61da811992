import { describe, expect, test } from '@jest/globals';
import { AppError } from '@ambit/kernel';
import { storageError } from './storage-error.ts';

describe('a failure of the disk', () => {
  test.each([
    ['initdb: error: could not write: No space left on device', 'storage_full'],
    ['ENOSPC: no space left on device, mkdir', 'storage_full'],
    ['Disk quota exceeded', 'storage_full'],
    ["EACCES: permission denied, mkdir '/x'", 'storage_unwritable'],
    ['EROFS: read-only file system', 'storage_unwritable'],
    // Node says this of a recursive mkdir on a read-only file system.
    ["ENOENT: no such file or directory, mkdir '/x/y'", 'storage_unwritable'],
    ['spawn /cache/bin/initdb EACCES', 'database_unavailable'],
    ['FATAL:  could not create shared memory segment', 'database_unavailable'],
  ])('%s is %s', (message, code) => {
    // What was said itself is never swallowed.
    expect(storageError(new Error(message), '/data')).toMatchObject({
      code,
      extras: { why: message },
    });
  });

  test('keeps an error that already says what to do', () => {
    const known = new AppError('data_folder_locked', 'in use');
    expect(storageError(known, '/data')).toBe(known);
  });
});
