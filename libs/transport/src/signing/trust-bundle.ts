import { X509Certificate } from 'node:crypto';
import { signedEnvelopeCodec, trustBundleCodec, type wire } from '@ambit/protocol';
import { sha256Hex } from '../digests.ts';
import { createEnvelopeVerifier, isTrustedKey, read, type EnvelopeSigner } from './envelope.ts';

/** Whom an agent believes. */
export interface HeldTrust {
  readonly installationUid: string;
  /** 0: from before trust had a version. */
  readonly trustVersion: number;
  /** DER. */
  readonly ca: readonly Uint8Array[];
  readonly stateKeys: readonly wire.TrustedKey[];
  readonly epochKeys: readonly wire.TrustedKey[];
}

export interface TrustRefusal {
  readonly code:
    | 'bad_signature'
    | 'unknown_key'
    | 'malformed'
    | 'wrong_installation'
    | 'rollback'
    | 'equivocation'
    | 'epoch_key_missing';
  readonly message: string;
}

export interface FollowedTrust {
  /** The trust that was held when nothing newer was believed. */
  readonly trust: HeldTrust;
  readonly refusals: readonly TrustRefusal[];
}

/** A bundle that newer ones replace is kept, so that agents that were away can follow: this many. */
export const mostTrustBundles = 16;

/** The bundle in an envelope of type "trust". */
export function signTrust(signer: EnvelopeSigner, bundle: wire.TrustBundle): wire.SignedEnvelope {
  return signer.sign('trust', trustBundleCodec.encode(bundle));
}

/** A signed bundle as a line of text, for a file that keeps them. */
export function trustToText(envelope: wire.SignedEnvelope): string {
  return Buffer.from(signedEnvelopeCodec.encode(envelope)).toString('base64');
}

/** The signed bundle of such a line; throws when it is none. */
export function trustFromText(line: string): wire.SignedEnvelope {
  return signedEnvelopeCodec.decode(Buffer.from(line, 'base64'));
}

/**
 * Goes from the trust that is held to the newest bundle, step by step: each has to be signed by a state key that is
 * trusted by then, and by an epoch key when it changes those. Nothing else moves trust, and it never goes back.
 */
export function followTrust(
  held: HeldTrust,
  envelopes: readonly wire.SignedEnvelope[],
): FollowedTrust {
  let trust = held;
  const refusals: TrustRefusal[] = [];
  // What is longer than central ever keeps is no chain of ours: signatures cost time.
  const offered = envelopes.slice(-mostTrustBundles).map((envelope) => ({
    envelope,
    version: versionOf(envelope),
  }));
  for (const { envelope, version } of offered) {
    // Steps that were taken before, by keys that may be retired by now.
    if (version < trust.trustVersion) continue;
    const step = stepOf(trust, envelope);
    if ('code' in step) refusals.push(step);
    else trust = step;
  }
  const newest = Math.max(...offered.map(({ version }) => version));
  if (offered.length > 0 && newest < held.trustVersion) {
    refusals.push({
      code: 'rollback',
      message: `it offers version ${newest} and version ${held.trustVersion} was taken before`,
    });
  }
  return { trust, refusals };
}

/** What a bundle says, for an agent that has proof of it from elsewhere; undefined when it is none. */
export function readTrust(envelope: wire.SignedEnvelope): HeldTrust | undefined {
  if (envelope.payloadType !== 'trust') return undefined;
  const opened = read({ ok: true, value: envelope.payload }, trustBundleCodec);
  return opened.ok && isSound(opened.value) ? trustOf(opened.value) : undefined;
}

/** True when both name the same keys and CAs, in whatever order. */
export function sameTrust(
  a: Pick<HeldTrust, 'ca' | 'stateKeys'>,
  b: Pick<HeldTrust, 'ca' | 'stateKeys'>,
): boolean {
  return sameBytes(a.ca, b.ca) && sameKeys(a.stateKeys, b.stateKeys);
}

function stepOf(held: HeldTrust, envelope: wire.SignedEnvelope): HeldTrust | TrustRefusal {
  const opened = read(createEnvelopeVerifier(held.stateKeys)(envelope, 'trust'), trustBundleCodec);
  if (!opened.ok) return { code: opened.code, message: opened.message };
  const bundle = opened.value;
  if (bundle.installationUid !== held.installationUid) {
    return { code: 'wrong_installation', message: 'it belongs to another installation' };
  }
  if (!isSound(bundle)) {
    return { code: 'malformed', message: 'it lacks a usable CA, state key or epoch key' };
  }
  const next = trustOf(bundle);
  const sameEpochKeys = sameKeys(next.epochKeys, held.epochKeys);
  if (next.trustVersion === held.trustVersion) {
    if (sameTrust(next, held) && sameEpochKeys) return held;
    return { code: 'equivocation', message: `version ${bundle.version} was other keys before` };
  }
  if (sameEpochKeys || createEnvelopeVerifier(held.epochKeys)(envelope, 'trust').ok) return next;
  return {
    code: 'epoch_key_missing',
    message: 'it changes the epoch keys and no trusted epoch key signed it',
  };
}

/** Without a signature: only to tell old steps from new ones. */
function versionOf({ payload }: wire.SignedEnvelope): number {
  const opened = read({ ok: true, value: payload }, trustBundleCodec);
  return opened.ok ? opened.value.version : Number.MAX_SAFE_INTEGER;
}

function isSound({ version, ca, stateKeys, epochKeys }: wire.TrustBundle): boolean {
  if (!Number.isSafeInteger(version) || version < 1) return false;
  if (ca.length === 0 || stateKeys.length === 0 || epochKeys.length === 0) return false;
  return [...stateKeys, ...epochKeys].every(isTrustedKey) && ca.every(isCa);
}

function isCa(der: Uint8Array): boolean {
  try {
    return new X509Certificate(der).ca;
  } catch {
    return false;
  }
}

function trustOf(bundle: wire.TrustBundle): HeldTrust {
  const { installationUid, version, ca, stateKeys, epochKeys } = bundle;
  return { installationUid, trustVersion: version, ca, stateKeys, epochKeys };
}

function sameKeys(a: readonly wire.TrustedKey[], b: readonly wire.TrustedKey[]): boolean {
  return sameTexts(
    a.map(({ keyId }) => keyId),
    b.map(({ keyId }) => keyId),
  );
}

function sameBytes(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return sameTexts(a.map(sha256Hex), b.map(sha256Hex));
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return [...new Set(a)].sort().join() === [...new Set(b)].sort().join();
}
