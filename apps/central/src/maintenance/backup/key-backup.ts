import { randomBytes, scrypt } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { readText, requireOwnSecret, Secret } from '@ambit/config';
import { AppError, isAppError } from '@ambit/kernel';
import { z } from 'zod';
import { readPrivate } from '../../platform/keys/key-folder.ts';
import { Seal } from '../../platform/keys/sealing.ts';
import { version } from '../../version.ts';
import { writeWhole } from './new-file.ts';

const form = 1;
const leastInPassphrase = 16;
/** RFC 7914; so much that each guess costs 128 MiB and a good part of a second. */
const cost = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 ** 2 };

const sealedFile = z.object({
  ambitKeys: z.int(),
  madeBy: z.string(),
  installation: z.string(),
  salt: z.base64(),
  sealed: z.base64(),
});
const content = z.object({
  /** SHA-256 of the database that was backed up with them. */
  database: z.string(),
  files: z.record(z.string().regex(/^[a-z][a-z0-9.-]*$/), z.string()),
});

/** The files of the key folder, and the database that they belong to. */
export type KeyBackup = z.infer<typeof content>;

/** The passphrase that a file holds, without the end of its line. Throws usage, and config_invalid when others can change it. */
export async function readPassphrase(path: string): Promise<Secret> {
  const read = await readText(path, { maxBytes: 4096 });
  if (!read.ok)
    throw new AppError('usage', `The passphrase cannot be read from ${path}: ${read.reason}.`);
  await requireOwnSecret(path);
  const text = read.text.replace(/\r?\n$/, '');
  if (text.length >= leastInPassphrase) return new Secret(text);
  throw new AppError('usage', `The passphrase in ${path} is too short.`, {
    why: `Whoever gets hold of the file of keys can try out passphrases; at least ${leastInPassphrase} characters are taken.`,
    nextCommand: `openssl rand -base64 33 > ${path}`,
  });
}

/** Every file of the key folder, by name. Throws config_invalid for one that others may read. */
export async function readKeyFiles(folder: string): Promise<Record<string, string>> {
  const names = await readdir(folder).catch(() => []);
  const files: Record<string, string> = {};
  for (const name of names) files[name] = await readPrivate(join(folder, name));
  return files;
}

/** Throws storage_full, storage_unwritable, already_exists. */
export async function writeKeyBackup(
  path: string,
  installation: string,
  { keys, passphrase }: { readonly keys: KeyBackup; readonly passphrase: Secret },
): Promise<void> {
  const salt = randomBytes(32);
  const seal = await sealOf(passphrase, salt, installation);
  const sealed = Buffer.from(seal.close(JSON.stringify(keys), installation)).toString('base64');
  const file = {
    ambitKeys: form,
    madeBy: version,
    installation,
    salt: salt.toString('base64'),
    sealed,
  };
  await writeWhole(path, Readable.from([Buffer.from(`${JSON.stringify(file)}\n`)]));
}

/** Throws invalid_request for a file that does not open with the passphrase, or is no such file. */
export async function readKeyBackup(path: string, passphrase: Secret): Promise<KeyBackup> {
  const read = await readText(path, { maxBytes: 16 * 1024 ** 2 });
  if (!read.ok) {
    throw new AppError('invalid_path', `The keys cannot be read from ${path}: ${read.reason}.`, {
      hint: 'Name the file with --keys-file, or restore the database alone with --no-keys.',
    });
  }
  const file = parsed(read.text);
  if (file === undefined || file.ambitKeys !== form) throw noKeys(path, file?.madeBy);
  const seal = await sealOf(passphrase, Buffer.from(file.salt, 'base64'), file.installation);
  try {
    const text = seal.open(Buffer.from(file.sealed, 'base64'), file.installation);
    return content.parse(JSON.parse(text));
  } catch (error) {
    if (!isAppError(error, 'config_invalid')) throw noKeys(path, file.madeBy);
    throw new AppError('invalid_request', `${path} does not open with this passphrase.`, {
      why: 'It is another passphrase, or something in the file was changed.',
      hint: 'Look for the passphrase of that backup. Nothing was changed.',
    });
  }
}

async function sealOf(passphrase: Secret, salt: Uint8Array, installation: string): Promise<Seal> {
  const derive = promisify<string, Uint8Array, number, typeof cost, Buffer>(scrypt);
  const secret = await derive(passphrase.reveal().normalize('NFC'), salt, 32, cost);
  return new Seal(secret, installation, 'backup of keys');
}

function parsed(text: string): z.infer<typeof sealedFile> | undefined {
  try {
    return sealedFile.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function noKeys(path: string, madeBy: string | undefined): AppError {
  return new AppError('invalid_request', `${path} is no backup of keys that this release knows.`, {
    why:
      madeBy === undefined
        ? 'It does not look like one.'
        : `It was made by ${madeBy}; this is ${version}.`,
    hint: 'It is the file that was written beside the backup, under its name with .keys behind it.',
  });
}
