import type { Environment } from '@ambit/config';
import { AppError } from '@ambit/kernel';
import { execCredential } from './exec-credential.ts';
import {
  credentialPlace,
  leastLeftMs,
  readKept,
  type KeptCredential,
  type Wanted,
} from './kept-credential.ts';
import type { Say } from './renew-credential.ts';

/**
 * A credential for a cluster as kubectl takes it, from what is kept when that lives long enough, else from central. Throws
 * `AppError`.
 */
export async function giveCredential(wanted: Wanted, env: Environment, say: Say): Promise<string> {
  return execCredential(await credentialFor(wanted, env, say));
}

async function credentialFor(wanted: Wanted, env: Environment, say: Say): Promise<KeptCredential> {
  if (wanted.server === '' || wanted.cluster === '') {
    throw new AppError('usage', 'both --server URL and --cluster NAME are needed');
  }
  const place = credentialPlace(wanted, env);
  const now = Date.now();
  const kept = readKept(place.credential, now);
  if (kept !== undefined && kept.expiresAt - now >= leastLeftMs) return kept;
  const { renewCredential } = await import('./renew-credential.ts');
  return renewCredential(wanted, place, { env, say });
}
