import { chmod, lstat, mkdir, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@ambit/kernel';
import type { Millis } from '@ambit/kernel';
import type { wire } from '@ambit/protocol';
import {
  createCa,
  createEnvelopeSigner,
  generateSigningKey,
  loadCa,
  sha256Hex,
} from '@ambit/transport';
import type { CertificateAuthority, EnvelopeSigner } from '@ambit/transport';

/** What this process signs with. The epoch key is not among them: serving never needs it. */
export interface Keys {
  readonly ca: CertificateAuthority;
  readonly stateSigner: EnvelopeSigner;
  readonly epochKey: wire.TrustedKey;
}

export const keyFiles = {
  caCertificate: 'ca.crt',
  caKey: 'ca.key',
  stateKey: 'state-signing.key',
  epochKey: 'epoch.key',
  epochPublic: 'epoch.pub',
} as const;

/**
 * The keys of this installation from their folder; those that are missing are made when `mayCreate`.
 * `epochKeyFile` may name another place for the key that serving never needs. Throws `config_invalid` when a file is readable by others or missing, `storage_unwritable` when the folder cannot be used.
 */
export async function openKeys(
  folder: string,
  mayCreate: boolean,
  now: Millis,
  epochKeyFile = join(folder, keyFiles.epochKey),
): Promise<Keys> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const path = (name: string): string => join(folder, name);
  const ca = await openCa(folder, mayCreate, now);
  const stateKey = await readOrMake(path(keyFiles.stateKey), mayCreate, generateSigningKey);
  const epochKey = await openEpochPublic(folder, mayCreate, epochKeyFile);
  return { ca, stateSigner: createEnvelopeSigner(stateKey), epochKey };
}

/** Opens the epoch key, for `ambit-central epoch raise` alone. Throws `config_invalid` when it was moved away. */
export async function openEpochSigner(
  folder: string,
  epochKeyFile = join(folder, keyFiles.epochKey),
): Promise<EnvelopeSigner> {
  return createEnvelopeSigner(await readOrMake(epochKeyFile, false, generateSigningKey));
}

async function openCa(
  folder: string,
  mayCreate: boolean,
  now: Millis,
): Promise<CertificateAuthority> {
  const certificate = join(folder, keyFiles.caCertificate);
  const key = join(folder, keyFiles.caKey);
  if (mayCreate && !(await exists(certificate)) && !(await exists(key))) {
    const made = await createCa({ name: 'Ambit', now });
    await writeNew(key, made.privateKeyPem);
    await writeNew(certificate, made.certificatePem);
  }
  return loadCa({
    certificatePem: await readPrivate(certificate),
    privateKeyPem: await readPrivate(key),
  });
}

async function openEpochPublic(
  folder: string,
  mayCreate: boolean,
  epochKeyFile: string,
): Promise<wire.TrustedKey> {
  const path = join(folder, keyFiles.epochPublic);
  if (mayCreate && !(await exists(path))) {
    const privateKey = await readOrMake(epochKeyFile, true, generateSigningKey);
    await writeNew(
      path,
      Buffer.from(createEnvelopeSigner(privateKey).publicKey.spki).toString('base64'),
    );
  }
  const spki = Buffer.from((await readPrivate(path)).trim(), 'base64');
  return { keyId: sha256Hex(spki), spki };
}

async function readOrMake(path: string, mayCreate: boolean, make: () => string): Promise<string> {
  if (mayCreate && !(await exists(path))) await writeNew(path, make());
  return readPrivate(path);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Never replaces a file: two keys under one name would be one installation with two identities. */
async function writeNew(path: string, text: string): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readPrivate(path: string): Promise<string> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) {
    throw new AppError('config_invalid', `The key file ${path} is missing.`, {
      hint: 'Bring it back from your backup: agents trust this installation by it.',
    });
  }
  if (!found.isFile()) {
    throw new AppError('config_invalid', `The key file ${path} is no file.`, {
      why: 'Whoever can turn a link elsewhere decides which keys are used.',
    });
  }
  if ((found.mode & 0o077) !== 0) {
    throw new AppError('config_invalid', `Others may read the key file ${path}.`, {
      nextCommand: `chmod 600 ${path}`,
    });
  }
  return readFile(path, 'utf8');
}
