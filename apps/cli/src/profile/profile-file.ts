import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { keyFaults, readText, strictYaml } from '@ambit/config';
import { AppError } from '@ambit/kernel';
import { profileFileOf, type ProfileFile } from './profile-fields.ts';
import { replaceFile } from './replace-file.ts';

/** Of somebody who never signed in. */
export const noProfiles: ProfileFile = { currentProfile: 'default', profiles: {} };

/** Where the profiles of a user are kept. */
export function profilePath(configFolder: string): string {
  return join(configFolder, 'config.yaml');
}

/**
 * Reads the profiles; no file means none. Throws `config_invalid` when it is not sound, or when others may read it:
 * it holds tokens.
 */
export async function readProfiles(path: string): Promise<ProfileFile> {
  const text = await readIfThere(path);
  if (text === undefined) return noProfiles;
  await refuseOpenFile(path);
  const read = profileFileOf((await parseQuietly(text, path)) ?? {});
  if ('profiles' in read) return read;
  throw new AppError('config_invalid', `${path} is not a profile file of ambit`, {
    why: read.problem,
    hint: 'Mend it, or move it away and sign in again with `ambit login`.',
  });
}

/** The text of a YAML error quotes the file, and so perhaps a token: only its position is told. */
async function parseQuietly(text: string, path: string): Promise<unknown> {
  const { LineCounter, parseDocument } = await import('yaml');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, ...strictYaml });
  const [broken] = document.errors.map(({ pos }) => {
    const { line, col } = lines.linePos(pos[0]);
    return { message: 'this is not YAML', line, column: col };
  });
  const fault = broken ?? keyFaults(document, lines)[0];
  if (fault === undefined) return document.toJS({ maxAliasCount: 0 });
  const { line = 1, column = 1, message } = fault;
  throw new AppError('config_invalid', `${path}:${line}:${column}: ${message}`, {
    hint: 'Mend it, or move it away and sign in again with `ambit login`.',
  });
}

async function readIfThere(path: string): Promise<string | undefined> {
  const file = await readText(path);
  if (file.ok) return file.text;
  // A home that is no folder, such as /dev/null, is how machines say that there is none.
  if (file.code === 'ENOENT' || file.code === 'ENOTDIR') return undefined;
  throw new AppError('config_invalid', `cannot read ${path}`, {
    why: file.reason,
    hint: 'Mend it, or set AMBIT_CONFIG_DIR to a folder of your own.',
  });
}

async function refuseOpenFile(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const { mode } = await stat(path);
  if ((mode & 0o077) === 0) return;
  throw new AppError('config_invalid', `${path} holds tokens and can be read by others`, {
    nextCommand: `chmod 600 ${path}`,
  });
}

/** Replaces the file as a whole, 0600 in a 0700 folder; a crash leaves the old or the new one. Throws `storage_unwritable`. */
export async function writeProfiles(path: string, file: ProfileFile): Promise<void> {
  const { stringify } = await import('yaml');
  await replaceFile(path, async () => stringify(file));
}
