import { hash } from 'node:crypto';

/**
 * The mark of a sign-in at a provider, from what its tokens call it (`sid`); undefined for what is no name of one. A digest: how the
 * provider calls it is of use there, and may be of any length.
 */
export function upstreamSession(sid: unknown): string | undefined {
  return typeof sid === 'string' && sid !== '' ? hash('sha256', sid, 'base64url') : undefined;
}
