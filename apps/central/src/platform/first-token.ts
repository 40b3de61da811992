import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { firstTokenFile } from './data-folder.ts';

/** Keeps the first admin token in a file that only this account may read, and gives its path. */
export async function writeFirstToken(dataDir: string, token: string): Promise<string> {
  const path = join(dataDir, 'central', firstTokenFile);
  const draft = `${path}.new`;
  await rm(draft, { force: true });
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(`${token}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  return path;
}
