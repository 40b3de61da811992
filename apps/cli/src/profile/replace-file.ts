import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemReason } from '@ambit/config';
import { AppError, isAppError } from '@ambit/kernel';

/**
 * Replaces a file as a whole, 0600 in a 0700 folder; a crash leaves the old or the new one. The text is made when there is a place
 * for it already. Throws `storage_unwritable`, and the `AppError` of whoever makes the text.
 */
export async function replaceFile(path: string, make: () => Promise<string>): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const handle = await open(temporary, 'w', 0o600);
    try {
      await handle.chmod(0o600);
      await handle.writeFile(await make());
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    if (isAppError(error)) throw error;
    throw new AppError('storage_unwritable', `cannot write ${path}`, {
      why: `the system says ${systemReason(error)}`,
      hint: 'Set AMBIT_CONFIG_DIR to a folder of your own.',
      cause: error,
    });
  }
}
