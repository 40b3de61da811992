import { createLocalJWKSet, errors, jwtVerify } from 'jose';
import type { JSONWebKeySet, JWTPayload } from 'jose';
import type { Clock, Millis } from '@ambit/kernel';
import type { TokenRefusal } from './federation.ts';
import type { Issuer, OutsideKeys } from './outside-keys.ts';

/** Signatures with a public key; of each key only those that its type can make. */
const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'];
const skewSeconds = 60;
/** Nobody hands a pipeline a token for longer; it bounds how long used ones are remembered. */
const longestSeconds = 366 * 86_400;

/** What the issuer says in a token of its own, and until when. */
export interface Verified {
  readonly payload: JWTPayload;
  readonly expiresAt: Millis;
}

/**
 * Signature and times of a token. Clocks may differ by a minute, but no token is taken after its end: a session ends with
 * its token. Throws `server_unreachable` when the issuer's keys cannot be had.
 */
export async function verifyToken(
  token: string,
  issuer: Issuer,
  ports: { readonly keys: OutsideKeys; readonly clock: Clock },
): Promise<Verified | TokenRefusal> {
  const verify = (keys: JSONWebKeySet): Promise<Verified | TokenRefusal> =>
    verifyWith(keys, token, issuer.issuer, ports.clock.now());
  try {
    return await verify(await ports.keys.of(issuer));
  } catch (error) {
    if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
  }
  try {
    return await verify(await ports.keys.renewed(issuer));
  } catch (error) {
    if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    return { claim: 'signature', why: 'the issuer has no key of the id that the token names' };
  }
}

async function verifyWith(
  keys: JSONWebKeySet,
  token: string,
  issuer: string,
  now: Millis,
): Promise<Verified | TokenRefusal> {
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet(keys), {
      algorithms,
      issuer,
      clockTolerance: skewSeconds,
      maxTokenAge: longestSeconds,
      currentDate: new Date(now),
      requiredClaims: ['iss', 'aud', 'exp', 'iat'],
    });
    return withEnd(payload, now);
  } catch (error) {
    return refusalOf(error);
  }
}

function withEnd(payload: JWTPayload, now: Millis): Verified | TokenRefusal {
  const expiresAt = (payload.exp ?? 0) * 1000;
  if (expiresAt <= now) return { claim: 'exp', why: 'the token is over' };
  if (expiresAt > now + longestSeconds * 1000)
    return { claim: 'exp', why: 'the token is good for more than a year' };
  return { payload, expiresAt: Math.floor(expiresAt) };
}

/** Throws what is no word about the token. */
function refusalOf(error: unknown): TokenRefusal {
  if (error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed) {
    const { claim } = error;
    return { claim, why: wordsOf[claim] ?? `${claim} is not what it has to be` };
  }
  if (error instanceof errors.JWKSNoMatchingKey) throw error;
  if (error instanceof errors.JOSEAlgNotAllowed)
    return { claim: 'signature', why: `it is signed by none of ${algorithms.join(', ')}` };
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return { claim: 'signature', why: 'the token names none of the several keys of its issuer' };
  if (error instanceof errors.JOSEError)
    return { claim: 'signature', why: 'it is not signed by its issuer' };
  // What an issuer calls a key is its own affair, and WebCrypto's words for it are no help.
  return { claim: 'signature', why: 'the key that its issuer names cannot be used' };
}

const wordsOf: Readonly<Record<string, string>> = {
  exp: 'the token is over, or says no end',
  nbf: 'the token is not good yet',
  iat: 'the token was made in the future, long ago, or says not when',
  aud: 'the token is for nobody',
};
