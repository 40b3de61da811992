import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { folderOf, type Environment } from '@ambit/config';
import { openKeyring } from './keyring.ts';

/**
 * A text that a file may hold: sealed by a key in the keyring of the system, where there is one that answers. The file stays what is
 * replaced as a whole, so that nothing is lost between the two; whoever has the file alone has nothing.
 */
export async function sealText(text: string, env: Environment): Promise<string> {
  const key = await sealingKey(env);
  if (key === undefined) return text;
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return JSON.stringify({
    sealed: Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64'),
  });
}

/** True for what `sealText` sealed. */
export const isSealed = (kept: unknown): kept is { readonly sealed: string } =>
  typeof (kept as { sealed?: unknown } | null | undefined)?.sealed === 'string';

/** What was sealed; undefined when the keyring does not give its key, or gives another one. */
export async function openSealed(
  { sealed }: { readonly sealed: string },
  env: Environment,
): Promise<string | undefined> {
  const key = await keptKey(env);
  if (key === undefined) return undefined;
  const bytes = Buffer.from(sealed, 'base64');
  const body = nonceBytes + tagBytes;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), {
      authTagLength: tagBytes,
    });
    decipher.setAuthTag(bytes.subarray(nonceBytes, body));
    return Buffer.concat([decipher.update(bytes.subarray(body)), decipher.final()]).toString();
  } catch {
    return undefined;
  }
}

const nonceBytes = 12;
const tagBytes = 16;
const keyBytes = 32;

/** Of each folder of profiles its own. */
const keyName = (env: Environment): string => `sessions in ${folderOf('config', env)}`;

async function keptKey(env: Environment): Promise<Buffer | undefined> {
  const kept = await (await openKeyring(keyName(env), env))?.read().catch(() => undefined);
  const key = Buffer.from(kept ?? '', 'base64');
  return key.length === keyBytes ? key : undefined;
}

/** The key that is kept, or a new one; undefined when the keyring takes none. */
async function sealingKey(env: Environment): Promise<Buffer | undefined> {
  const keyring = await openKeyring(keyName(env), env);
  try {
    const kept = Buffer.from((await keyring?.read()) ?? '', 'base64');
    if (keyring === undefined || kept.length === keyBytes) return keyring && kept;
    const made = randomBytes(keyBytes);
    await keyring.write(made.toString('base64'));
    // Of two that are made at once one is left: that one counts.
    return await keptKey(env);
  } catch {
    return undefined;
  }
}
