import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@ambit/kernel';
import type { Millis } from '@ambit/kernel';
import type { wire } from '@ambit/protocol';
import {
  certificatesFromPem,
  createCa,
  createEnvelopeSigner,
  generateSigningKey,
  loadCa,
  sha256Hex,
  signedByAll,
} from '@ambit/transport';
import type { CertificateAuthority, EnvelopeSigner } from '@ambit/transport';

/** What this process signs with. The epoch key is not among them: serving never needs it. */
export interface Keys {
  readonly ca: CertificateAuthority;
  /** PEM of every CA whose agents are accepted: the one of now, and those before and after it in a rollover. */
  readonly acceptedCas: string;
  /** Signs with every state key there is, so that agents on both sides of a rollover believe it. */
  readonly stateSigner: EnvelopeSigner;
  /** What agents are told to trust by these files. */
  readonly named: { readonly ca: Uint8Array[]; readonly stateKeys: wire.TrustedKey[] };
  readonly epochKey: wire.TrustedKey;
}

export const keyFiles = {
  caCertificate: 'ca.crt',
  caKey: 'ca.key',
  stateKey: 'state-signing.key',
  epochKey: 'epoch.key',
  epochPublic: 'epoch.pub',
  /** Closes what is kept in the database. */
  sealing: 'sealing.key',
  /** Of a rollover: what comes, and what goes. */
  nextCaCertificate: 'ca.next.crt',
  nextCaKey: 'ca.next.key',
  nextStateKey: 'state-signing.next.key',
  previousCaCertificate: 'ca.previous.crt',
  previousStateKey: 'state-signing.previous.key',
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
  const { previousCaCertificate, nextCaCertificate, previousStateKey, nextStateKey } = keyFiles;
  const cas = [
    ca.certificatePem,
    ...(await present(folder, previousCaCertificate, nextCaCertificate)),
  ];
  const [first, ...others] = [
    stateKey,
    ...(await present(folder, previousStateKey, nextStateKey)),
  ].map(createEnvelopeSigner);
  if (first === undefined) throw new AppError('internal', 'There is no state key.');
  return {
    ca,
    acceptedCas: cas.join(''),
    stateSigner: signedByAll(first, others),
    named: {
      ca: cas.flatMap(certificatesFromPem),
      stateKeys: [first, ...others].map(({ publicKey }) => publicKey),
    },
    epochKey,
  };
}

/** The texts of those of these files that are there. */
async function present(folder: string, ...names: readonly string[]): Promise<string[]> {
  const texts: string[] = [];
  for (const name of names) {
    const path = join(folder, name);
    if (await exists(path)) texts.push(await readPrivate(path));
  }
  return texts;
}

/** Opens the epoch key, for `ambit-central epoch raise` alone. Throws `config_invalid` when it was moved away. */
export async function openEpochSigner(
  folder: string,
  epochKeyFile = join(folder, keyFiles.epochKey),
): Promise<EnvelopeSigner> {
  return createEnvelopeSigner(await readOrMake(epochKeyFile, false, generateSigningKey));
}

/** Whether there is a secret to seal with, whatever is in its file. */
export function hasSealingSecret(folder: string): Promise<boolean> {
  return exists(join(folder, keyFiles.sealing));
}

/**
 * The secret with which this installation seals what it keeps in the database. Throws `config_invalid` when it is missing
 * and may not be made, readable by others, or no such secret.
 */
export async function openSealingSecret(folder: string, mayCreate: boolean): Promise<Uint8Array> {
  const path = join(folder, keyFiles.sealing);
  const text = await readOrMake(path, mayCreate, () => `${randomBytes(32).toString('hex')}\n`);
  if (/^[0-9a-f]{64}\n?$/.test(text)) return Buffer.from(text.trim(), 'hex');
  throw new AppError('config_invalid', `The key file ${path} holds no sealing key.`, {
    hint: 'Bring it back from your backup, or copy it from another replica.',
  });
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

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Never replaces a file: two keys under one name would be one installation with two identities. */
export async function writeNew(path: string, text: string): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A key file that only this account may read. Throws `config_invalid`. */
export async function readPrivate(path: string): Promise<string> {
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
