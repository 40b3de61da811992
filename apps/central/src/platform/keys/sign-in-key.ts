import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { AppError } from '@ambit/kernel';
import { findSignInKey, keepSignInKey } from '@ambit/persistence';
import type { Sql } from '@ambit/persistence';
import { sha256Hex } from '@ambit/transport';
import { exists, readPrivate, writeNew } from './key-folder.ts';

const fileName = 'sign-in.key';

/**
 * The secret from which everything of sign-in is derived: what cookies and forms are signed with, what one-time-code secrets
 * are sealed with, and what ID tokens are signed with. Made when this installation never had one. Throws `config_invalid` when it is
 * missing or another one than that of this installation, `storage_unwritable` when it cannot be written.
 */
export async function openSignInKey(folder: string, sql: Sql): Promise<string> {
  const path = join(folder, fileName);
  const isNew = (await findSignInKey(sql)) === undefined;
  if (isNew && !(await exists(path))) await make(path);
  const key = (await readPrivate(path)).trim();
  const fingerprint = sha256Hex(`ambit sign-in key ${key}`);
  if ((await keepSignInKey(sql, fingerprint)) === fingerprint) return key;
  throw new AppError('config_invalid', `The key file ${path} is not that of this installation.`, {
    why: 'Another replica signs people in with another key, so neither would know the other’s people.',
    hint: `Bring ${fileName} from the key folder of the replica that was first.`,
  });
}

/** Two replicas that share a folder may come at once: the first one's key is the key. */
async function make(path: string): Promise<void> {
  try {
    await writeNew(path, `${randomBytes(32).toString('base64url')}\n`);
  } catch (cause) {
    const { code } = cause as { code?: string };
    if (code === 'EEXIST') return;
    throw new AppError('storage_unwritable', `The key file ${path} cannot be written.`, {
      why: `The system says: ${code ?? 'unknown error'}.`,
      hint: 'Let this account write the folder once, or make the key on another machine and bring it here.',
      cause,
    });
  }
}
