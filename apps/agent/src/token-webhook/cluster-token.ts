import { verify, type KeyObject } from 'node:crypto';
import { parseJson } from '@ambit/kernel';
import { TokenRefused, type WebhookRefusal } from './token-refusal.ts';
import { judgeClaims, type ClusterUser, type ClaimFacts } from './token-claims.ts';
import type { TimeInterval } from '../clock/clock-interval.ts';

/** What a token is judged by. */
export interface ClusterTokenFacts extends ClaimFacts {
  /** Public keys of the issuer on the curve P-256, by their exact `kid`. */
  readonly keys: ReadonlyMap<string, KeyObject>;
}

export type VerifiedToken =
  | { readonly ok: true; readonly user: ClusterUser }
  | { readonly ok: false; readonly reason: WebhookRefusal };

/** A token of ours has some 700 bytes; one with many groups still fits. */
const longestToken = 8_192;
/** Two numbers of 32 bytes, r and s, as RFC 7518 writes them: 86 characters. */
const signatureCharacters = 86;

const headerFields: ReadonlySet<string> = new Set(['alg', 'kid', 'typ']);
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Whom a token of our issuer lets into this cluster at that time, or why it lets in nobody. It is judged by its text and
 * `facts` alone, never throws, and looks at no key that the token brings along. Foreign tokens, of which a webhook is
 * shown every one, are told apart by issuer and audience before any signature is worked out.
 */
export function verifyClusterToken(
  text: string,
  facts: ClusterTokenFacts,
  now: TimeInterval,
): VerifiedToken {
  try {
    return { ok: true, user: judge(text, facts, now) };
  } catch (error) {
    // Whatever else goes wrong with a token lets nobody in.
    return { ok: false, reason: error instanceof TokenRefused ? error.reason : 'malformed' };
  }
}

function judge(text: string, facts: ClusterTokenFacts, now: TimeInterval): ClusterUser {
  if (text.length > longestToken) throw new TokenRefused('too_long');
  const parts = text.split('.');
  const [header, payload, signature] = parts;
  if (header === undefined || payload === undefined || signature === undefined) {
    throw new TokenRefused('malformed');
  }
  if (parts.length !== 3) throw new TokenRefused('malformed');
  const key = keyFor(objectIn(header), facts.keys);
  const claims = objectIn(payload);
  if (claims['iss'] !== facts.issuer) throw new TokenRefused('wrong_issuer');
  if (claims['aud'] !== facts.audience) throw new TokenRefused('wrong_audience');
  requireSignature(`${header}.${payload}`, signature, key);
  return judgeClaims(claims, facts, now);
}

function keyFor(
  header: Readonly<Record<string, unknown>>,
  keys: ClusterTokenFacts['keys'],
): KeyObject {
  // Among the others are those that name keys or change what is signed: jwk, jku, x5c, crit, b64.
  if (Object.keys(header).some((field) => !headerFields.has(field))) {
    throw new TokenRefused('header_field');
  }
  const { alg, kid, typ } = header;
  if (alg !== 'ES256') throw new TokenRefused('wrong_algorithm');
  if (typ !== undefined && typ !== 'JWT') throw new TokenRefused('wrong_type');
  const key = typeof kid === 'string' ? keys.get(kid) : undefined;
  if (key === undefined) throw new TokenRefused('unknown_key');
  return key;
}

function requireSignature(signed: string, signature: string, key: KeyObject): void {
  if (signature.length !== signatureCharacters) throw new TokenRefused('wrong_signature');
  const bytes = bytesIn(signature);
  // The key is one of ours on P-256, so that the algorithm is that of the key, not that of the token.
  if (!verify('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }, bytes)) {
    throw new TokenRefused('wrong_signature');
  }
}

/** The bytes of a base64url text in its one form: no padding, no other alphabet, no bits that are left over. */
function bytesIn(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text) throw new TokenRefused('malformed');
  return bytes;
}

/** One JSON object, every key of which stands there once. */
function objectIn(text: string): Readonly<Record<string, unknown>> {
  const value = parseJson(utf8.decode(bytesIn(text)));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TokenRefused('malformed');
  }
  return value as Readonly<Record<string, unknown>>;
}
