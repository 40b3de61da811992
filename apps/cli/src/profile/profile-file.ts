import { chmod, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '@ambit/kernel';
import { z } from 'zod';

const Profile = z.strictObject({
  server: z.string(),
  token: z.string().exactOptional(),
  caFile: z.string().exactOptional(),
});
export type Profile = z.infer<typeof Profile>;

const ProfileFile = z.strictObject({
  currentProfile: z.string().default('default'),
  profiles: z.record(z.string(), Profile).default({}),
});
export type ProfileFile = z.infer<typeof ProfileFile>;

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
  if (text === undefined) return { currentProfile: 'default', profiles: {} };
  await refuseOpenFile(path);
  const { parse } = await import('yaml');
  const parsed = ProfileFile.safeParse(parseQuietly(parse, text, path) ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new AppError('config_invalid', `${path} is not a profile file of ambit`, {
    why: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
    hint: 'Mend it, or move it away and sign in again with `ambit login`.',
  });
}

/** The text of a YAML error quotes the file, and so perhaps a token: only its position is told. */
function parseQuietly(parse: (text: string) => unknown, text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    const line = (error as { linePos?: { line: number }[] }).linePos?.[0]?.line ?? 1;
    throw new AppError('config_invalid', `${path}:${line} is not YAML`, {
      hint: 'Mend it, or move it away and sign in again with `ambit login`.',
    });
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new AppError('config_invalid', `cannot read ${path}`, { cause: error });
  }
}

async function refuseOpenFile(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const { mode } = await stat(path);
  if ((mode & 0o077) === 0) return;
  throw new AppError('config_invalid', `${path} holds tokens and can be read by others`, {
    nextCommand: `chmod 600 ${path}`,
  });
}

/** Replaces the file as a whole, 0600 in a 0700 folder; a crash leaves the old or the new one. */
export async function writeProfiles(path: string, file: ProfileFile): Promise<void> {
  const { stringify } = await import('yaml');
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const handle = await open(temporary, 'w', 0o600);
    try {
      await handle.writeFile(stringify(file));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await chmod(temporary, 0o600);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new AppError('storage_unwritable', `cannot write ${path}`, { cause: error });
  }
}
