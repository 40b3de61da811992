import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { programNames, type ProgramSource, type SomePrograms } from './programs.ts';

/** The programs of a folder that may be run; each is looked up alone. */
export async function findPrograms(
  folder: string | undefined,
  source: ProgramSource,
): Promise<SomePrograms> {
  if (folder === undefined) return {};
  const found: SomePrograms = {};
  for (const name of programNames) {
    const path = join(folder, name);
    if (await isProgram(path)) found[name] = { path, source };
  }
  return found;
}

/** True for a file that this account may run. */
export async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
