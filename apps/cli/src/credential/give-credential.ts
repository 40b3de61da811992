import type { Environment } from '@ambit/config';
import { execCredential } from './exec-credential.ts';
import { keptCredential, type Wanted } from './kept-credential.ts';
import type { Say } from './renew-credential.ts';

/**
 * A credential for a cluster as kubectl takes it, from what is kept when that lives long enough, else from central. Throws
 * `AppError`.
 */
export async function giveCredential(wanted: Wanted, env: Environment, say: Say): Promise<string> {
  const kept = keptCredential(wanted, env, Date.now());
  if (kept !== undefined) return execCredential(kept);
  // What is seldom needed is loaded then.
  const { renewCredential } = await import('./renew-credential.ts');
  return execCredential(await renewCredential(wanted, { env, say }));
}
