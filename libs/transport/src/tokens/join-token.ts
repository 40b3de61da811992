import { createPrivateKey, createPublicKey, randomBytes, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { AppError, base32 } from '@ambit/kernel';
import { nodeDigests, sha256Hex } from '../digests.ts';

/** A single-use token with which one agent joins, and the pin of the CA it may send it to. */
export interface JoinTokenText {
  /** The whole text, shown once. */
  readonly text: string;
  readonly id: string;
  /** `<id>.<secret>`: what is proved to be held; it never leaves the agent. */
  readonly presented: string;
  /** Lower-case hexadecimal SHA-256 of the SPKI of central's CA. */
  readonly caPin: string;
}

const form = /^ambj_([a-z2-7]{12})\.([a-z2-7]{52})\.([0-9a-f]{64})$/;
const presentedForm = /^([a-z2-7]{12})\.([a-z2-7]{52})$/;

/** A new token of 260 random bits for the CA with this pin. */
export function makeJoinToken(caPin: string): JoinTokenText {
  const id = base32(randomBytes(8), 12);
  const presented = `${id}.${base32(randomBytes(33), 52)}`;
  return { text: `ambj_${presented}.${caPin}`, id, presented, caPin };
}

/** Throws `join_token_invalid`, without the text, when it is no join token. */
export function parseJoinToken(text: string): JoinTokenText {
  const [, id, secret, caPin] = form.exec(text.trim()) ?? [];
  if (id === undefined || secret === undefined || caPin === undefined) {
    throw new AppError('join_token_invalid', 'This is not a whole join token.', {
      why: 'A join token looks like ambj_ID.SECRET.FINGERPRINT; something is missing or was changed.',
      hint: 'Copy the token again, or make a new one.',
      nextCommand: 'ambit cluster join-token NAME',
    });
  }
  return { text: text.trim(), id, presented: `${id}.${secret}`, caPin };
}

/** Id and storable hash of what an agent presented; undefined when it has not the form of a token. */
export function readPresentedJoinToken(
  presented: string,
): { readonly id: string; readonly hash: string } | undefined {
  const id = presentedForm.exec(presented)?.[1];
  return id === undefined ? undefined : { id, hash: hashJoinToken(presented) };
}

/** What a join token is used for: a proof fits one request of one cluster. */
export interface JoinRequest {
  /** Of the token. */
  readonly id: string;
  readonly kubeSystemUid: string;
  readonly csr: Uint8Array;
}

function joinBytes({ id, kubeSystemUid, csr }: JoinRequest): Buffer {
  return Buffer.concat([nodeDigests.utf8(`ambit-join\n${id}\n${kubeSystemUid}\n`), csr]);
}

// RFC 8410: what stands before the seed of an Ed25519 key in PKCS #8.
const seedHead = Buffer.from('302e020100300506032b657004220420', 'hex');

function joinKey(presented: string): KeyObject {
  const seed = nodeDigests.sha256(nodeDigests.utf8(`ambit-join-key\n${presented}`));
  const key = Buffer.concat([seedHead, seed]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

/** Public half (SPKI, DER) of the key that a token stands for: what central checks proofs with. */
export function joinProofKey(presented: string): Buffer {
  return createPublicKey(joinKey(presented)).export({ type: 'spki', format: 'der' });
}

/** Proof that the token is held. Whoever reads it can send this very request along and make no other one. */
export function signJoinRequest(presented: string, request: JoinRequest): Buffer {
  return sign(null, joinBytes(request), joinKey(presented));
}

/** True when the proof is by this key over exactly this request. */
export function verifyJoinRequest(
  proofKey: Uint8Array,
  request: JoinRequest,
  proof: Uint8Array,
): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(proofKey), format: 'der', type: 'spki' });
    return verify(null, joinBytes(request), key, proof);
  } catch {
    return false;
  }
}

/** What is stored of `<id>.<secret>`. Plain SHA-256: 260 random bits cannot be guessed. */
export function hashJoinToken(presented: string): string {
  return sha256Hex(presented);
}
