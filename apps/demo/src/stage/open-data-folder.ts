import { randomBytes } from 'node:crypto';
import { readdir, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ProcessFolder } from '@ambit/dev-cluster';
import { AppError } from '@ambit/kernel';

const neededMegabytes = 800;

/**
 * The folder of everything the demo makes: a named one is kept, any other is removed at the end. Throws
 * `storage_full`, `storage_unwritable`.
 */
export async function openDataFolder(named: string | undefined): Promise<ProcessFolder> {
  // Two runs at once must not meet, and the name of a folder in a shared temp folder must not be foreseeable.
  const path = named ?? join(tmpdir(), `ambit-demo-${randomBytes(6).toString('hex')}`);
  if (named !== undefined) await checkEmpty(named);
  await checkSpace(path);
  try {
    return await ProcessFolder.create(path, { keep: named !== undefined });
  } catch (error) {
    throw explained(error);
  }
}

async function checkEmpty(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  if (names.length === 0) return;
  throw new AppError('storage_unwritable', `${folder} holds files already.`, {
    hint: 'Name a new or an empty folder with --data-dir: the clusters of an earlier demo are gone.',
  });
}

async function checkSpace(path: string): Promise<void> {
  let folder = path;
  for (;;) {
    const disk = await statfs(folder).catch(() => undefined);
    if (disk !== undefined) return enough((disk.bavail * disk.bsize) / 1e6, folder);
    if (folder === dirname(folder)) return;
    folder = dirname(folder);
  }
}

function enough(free: number, folder: string): void {
  if (free >= neededMegabytes) return;
  throw new AppError(
    'storage_full',
    `The disk of ${folder} has ${Math.floor(free)} MB left; the demo needs ${neededMegabytes} MB.`,
    { hint: 'Free some space, or name a folder on another disk with --data-dir (or TMPDIR).' },
  );
}

// The library speaks of its cache; here it is the data folder that cannot be used.
function explained(error: unknown): unknown {
  if (!(error instanceof AppError) || error.kind !== 'unavailable') return error;
  return new AppError(error.code, error.message, {
    hint: 'Name a folder you may write to with --data-dir (or TMPDIR).',
    cause: error,
  });
}
