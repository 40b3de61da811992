import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { AppError } from '@ambit/kernel';
import {
  centralTimeCodec,
  commandOrderCodec,
  credentialOrderCodec,
  epochRaiseCodec,
  manifestCodec,
  revocationCodec,
  type AgentSessionPorts,
  type Codec,
  type Opened,
  type wire,
} from '@ambit/protocol';
import { sha256Hex } from '../digests.ts';
import { payloadTree, rootOver } from './payload-tree.ts';

/** What a signature is for. It is signed along, so that a payload of one type never passes as another. */
export type PayloadType =
  'manifest' | 'revoke' | 'central-time' | 'epoch' | 'command' | 'credential' | 'trust';

/** Signs envelopes with Ed25519. */
export interface EnvelopeSigner {
  /** Of the key that signs first. */
  readonly publicKey: wire.TrustedKey;
  sign(type: PayloadType, payload: Uint8Array): wire.SignedEnvelope;
  /** Manifests of many, with one signature over all of them: for agents with the capability `compact`. */
  signManifests(payloads: readonly Uint8Array[]): wire.SignedEnvelope[];
}

/** The path of a payload that was signed by itself. */
const alone = Buffer.alloc(0);

function signedBytes(type: string, payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`ambit/1 ${type}\n`, 'utf8'), payload]);
}

/** What a signature with this path goes over; undefined when there is no such thing. */
function bytesUnder(type: PayloadType, payload: Uint8Array, path: Uint8Array): Buffer | undefined {
  if (path.length === 0) return signedBytes(type, payload);
  const root = type === 'manifest' ? rootOver(payload, path) : undefined;
  return root && signedBytes('manifest-tree', root);
}

/** A new Ed25519 private key, PKCS #8 PEM. */
export function generateSigningKey(): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** Throws `config_invalid` when the text is no Ed25519 private key in PEM. */
export function createEnvelopeSigner(privateKeyPem: string): EnvelopeSigner {
  const key = readSigningKey(privateKeyPem);
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const keyId = sha256Hex(spki);
  const signOne: EnvelopeSigner['sign'] = (payloadType, payload) => {
    const signature = sign(null, signedBytes(payloadType, payload), key);
    return { payloadType, payload, signatures: [{ keyId, signature, path: alone }] };
  };
  return {
    publicKey: { keyId, spki },
    sign: signOne,
    signManifests: (payloads) => {
      if (payloads.length < 2) return payloads.map((payload) => signOne('manifest', payload));
      const { root, paths } = payloadTree(payloads);
      const signature = sign(null, signedBytes('manifest-tree', root), key);
      return payloads.map((payload, at) => {
        const path = paths[at] ?? alone;
        return { payloadType: 'manifest', payload, signatures: [{ keyId, signature, path }] };
      });
    },
  };
}

function readSigningKey(pem: string): KeyObject {
  const problem = 'The signing key is not an Ed25519 private key in PEM.';
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    throw new AppError('config_invalid', problem, { cause });
  }
  if (key.asymmetricKeyType !== 'ed25519') throw new AppError('config_invalid', problem);
  return key;
}

/** The envelope with the signatures of both, for a change of keys with overlap. Both must hold the same payload. */
export function withSignaturesOf(
  envelope: wire.SignedEnvelope,
  other: wire.SignedEnvelope,
): wire.SignedEnvelope {
  return { ...envelope, signatures: [...envelope.signatures, ...other.signatures] };
}

/** Signs with all of these keys, so that whoever trusts one of them believes it. */
export function signedByAll(
  first: EnvelopeSigner,
  others: readonly EnvelopeSigner[],
): EnvelopeSigner {
  return {
    publicKey: first.publicKey,
    sign: (type, payload) =>
      others.reduce(
        (envelope, signer) => withSignaturesOf(envelope, signer.sign(type, payload)),
        first.sign(type, payload),
      ),
    signManifests: (payloads) => {
      const more = others.map((signer) => signer.signManifests(payloads));
      return first.signManifests(payloads).map((envelope, at) =>
        more.reduce((all, ofOne) => {
          const other = ofOne[at];
          return other === undefined ? all : withSignaturesOf(all, other);
        }, envelope),
      );
    },
  };
}

export type EnvelopeVerifier = (
  envelope: wire.SignedEnvelope,
  type: PayloadType,
) => Opened<Uint8Array>;

/**
 * Believes an envelope when at least one of its signatures is good and by one of these keys. A key whose id is not
 * the hash of its SPKI, or that is not Ed25519, is never trusted.
 */
export function createEnvelopeVerifier(trusted: readonly wire.TrustedKey[]): EnvelopeVerifier {
  const keys = new Map(trusted.flatMap((each) => readTrustedKey(each)));
  return (envelope, type) => {
    if (envelope.payloadType !== type) {
      return refused('malformed', `the payload is "${envelope.payloadType}", not "${type}"`);
    }
    const known = envelope.signatures.filter((each) => keys.has(each.keyId));
    if (known.length === 0) return refused('unknown_key', 'no signature is by a trusted key');
    const good = known.some(({ keyId, signature, path }) => {
      const key = keys.get(keyId);
      const bytes = bytesUnder(type, envelope.payload, path);
      return key !== undefined && bytes !== undefined && verify(null, bytes, key, signature);
    });
    if (!good) return refused('bad_signature', 'the signature does not fit the payload');
    return { ok: true, value: envelope.payload };
  };
}

/** True for an Ed25519 key whose id is the hash of its SPKI. */
export function isTrustedKey(key: wire.TrustedKey): boolean {
  return readTrustedKey(key).length > 0;
}

function readTrustedKey({ keyId, spki }: wire.TrustedKey): [string, KeyObject][] {
  if (sha256Hex(spki) !== keyId) return [];
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ed25519' ? [[keyId, key]] : [];
  } catch {
    return [];
  }
}

function refused(
  code: 'bad_signature' | 'unknown_key' | 'malformed',
  message: string,
): Opened<never> {
  return { ok: false, code, message };
}

type Openers = Pick<
  AgentSessionPorts,
  | 'openManifest'
  | 'openRevocation'
  | 'openCentralTime'
  | 'openEpochRaise'
  | 'openCommand'
  | 'openCredentialOrder'
>;

/** The ports through which an agent session reads what central signed. Epochs are raised by the epoch keys alone. */
export function createEnvelopeOpeners(keys: {
  readonly stateKeys: readonly wire.TrustedKey[];
  readonly epochKeys: readonly wire.TrustedKey[];
}): Openers {
  const byState = createEnvelopeVerifier(keys.stateKeys);
  const byEpoch = createEnvelopeVerifier(keys.epochKeys);
  return {
    openManifest: (envelope) => read(byState(envelope, 'manifest'), manifestCodec),
    openRevocation: (envelope) => read(byState(envelope, 'revoke'), revocationCodec),
    openCentralTime: (envelope) => read(byState(envelope, 'central-time'), centralTimeCodec),
    openEpochRaise: (envelope) => read(byEpoch(envelope, 'epoch'), epochRaiseCodec),
    openCommand: (envelope) => read(byState(envelope, 'command'), commandOrderCodec),
    openCredentialOrder: (envelope) => read(byState(envelope, 'credential'), credentialOrderCodec),
  };
}

/** The verified bytes as a message. Only they are read, never a second copy of the same values. */
export function read<T>(verified: Opened<Uint8Array>, codec: Codec<T>): Opened<T> {
  if (!verified.ok) return verified;
  try {
    return { ok: true, value: codec.decode(verified.value) };
  } catch {
    return refused('malformed', 'the signed payload cannot be read');
  }
}
