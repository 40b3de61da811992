import { randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { AppError, base32 } from '@ambit/kernel';
import { sha256Hex } from '../digests.ts';

/**
 * What a token is, by its prefix: an API token, the session of a person or a program, a short one that names a session, or
 * what the next short one is got by, which lets nobody in.
 */
const prefixes = {
  ApiToken: 'amb',
  Session: 'ambs',
  AccessToken: 'amba',
  RefreshToken: 'ambr',
} as const;
export type BearerKind = Exclude<keyof typeof prefixes, 'RefreshToken'>;
const bearerKinds: readonly BearerKind[] = ['ApiToken', 'Session', 'AccessToken'];

/**
 * A token for the API: `amb_<id>_<secret>_<crc>`, `ambs_…` of a session, or `amba_…` of a sign-in. The check sum lets secret scanners and typing
 * errors be told apart.
 */
export interface BearerText {
  readonly kind: BearerKind;
  /** The whole text, shown once. */
  readonly text: string;
  readonly id: string;
  /** What is stored. */
  readonly hash: string;
}

const form = /^((amb[as]?)_([a-z2-7]{12})_[a-z2-7]{52})_([0-9a-f]{8})$/;

function checkSum(body: string): string {
  return crc32(body).toString(16).padStart(8, '0');
}

/** A new token of 260 random bits. */
export function makeBearerToken<K extends keyof typeof prefixes>(
  kind: K,
): Omit<BearerText, 'kind'> & { readonly kind: K } {
  const id = base32(randomBytes(8), 12);
  const body = `${prefixes[kind]}_${id}_${base32(randomBytes(33), 52)}`;
  const text = `${body}_${checkSum(body)}`;
  return { kind, text, id, hash: hashBearerToken(text) };
}

/** Throws `token_invalid`, without the text, when it is no token of ours or its check sum is wrong. */
export function parseBearerToken(text: string): BearerText {
  const [, body, prefix, id, sum] = form.exec(text) ?? [];
  if (body === undefined || id === undefined || checkSum(body) !== sum) {
    throw new AppError('token_invalid', 'This is not a whole API token.', {
      why: 'An API token looks like amb_ID_SECRET_SUM; something is missing or was changed.',
      hint: 'Copy the token again, or make a new one on the machine that runs central.',
      nextCommand: 'ambit-central token create --name NAME --role admin',
    });
  }
  const kind = bearerKinds.find((each) => prefixes[each] === prefix) ?? 'ApiToken';
  return { kind, text, id, hash: hashBearerToken(text) };
}

/** What is stored of a token. Plain SHA-256: 260 random bits cannot be guessed. */
function hashBearerToken(text: string): string {
  return sha256Hex(text);
}

/** Compares two hashes without telling by its duration where they differ. */
export function sameHash(a: string, b: string): boolean {
  const left = Buffer.from(a, 'hex');
  const right = Buffer.from(b, 'hex');
  return left.length === 32 && left.length === right.length && timingSafeEqual(left, right);
}
