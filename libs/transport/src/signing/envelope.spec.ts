import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { epochRaiseCodec, manifestCodec, type wire } from '@ambit/protocol';
import {
  createEnvelopeOpeners,
  createEnvelopeSigner,
  createEnvelopeVerifier,
  generateSigningKey,
  withSignaturesOf,
} from './envelope.ts';

const signer = createEnvelopeSigner(generateSigningKey());
const next = createEnvelopeSigner(generateSigningKey());
const payload = Buffer.from('payload');
const verify = createEnvelopeVerifier([signer.publicKey]);
const codeOf = (envelope: wire.SignedEnvelope): string => {
  const opened = verify(envelope, 'manifest');
  return opened.ok ? 'ok' : opened.code;
};

describe('an envelope', () => {
  const envelope = signer.sign('manifest', payload);

  test('opens with the key it was signed by', () => {
    expect(verify(envelope, 'manifest')).toEqual({ ok: true, value: payload });
  });

  test('does not open when a single bit of payload or signature differs', () => {
    for (let bit = 0; bit < payload.length * 8; bit++) {
      const changed = Buffer.from(payload);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(codeOf({ ...envelope, payload: changed })).toBe('bad_signature');
    }
    const [signature] = envelope.signatures;
    const short = {
      keyId: signer.publicKey.keyId,
      signature: new Uint8Array(63),
      path: new Uint8Array(),
    };
    expect(codeOf({ ...envelope, signatures: [short] })).toBe('bad_signature');
    expect(codeOf({ ...envelope, signatures: [] })).toBe('unknown_key');
    expect(signature?.signature).toHaveLength(64);
  });

  test('of one type never passes as another', () => {
    expect(codeOf({ ...envelope, payloadType: 'revoke' })).toBe('malformed');
    const revoke = signer.sign('revoke', payload);
    expect(codeOf({ ...revoke, payloadType: 'manifest' })).toBe('bad_signature');
  });

  test('protocol edge 9: keys change with overlap: either signature is enough, none is not', () => {
    const both = withSignaturesOf(next.sign('manifest', payload), envelope);
    expect(codeOf(both)).toBe('ok');
    expect(createEnvelopeVerifier([next.publicKey])(both, 'manifest').ok).toBe(true);
    expect(codeOf(next.sign('manifest', payload))).toBe('unknown_key');
    const [wrong] = next.sign('manifest', Buffer.from('other')).signatures;
    const signatures = wrong === undefined ? [] : [wrong, ...envelope.signatures];
    expect(codeOf({ ...envelope, signatures })).toBe('ok');
  });

  test('a key under a false id, or of another kind, is never trusted', () => {
    const { spki } = next.publicKey;
    const liar = { keyId: signer.publicKey.keyId, spki };
    const forged = next.sign('manifest', payload);
    const signatures = forged.signatures.map((each) => ({ ...each, keyId: liar.keyId }));
    const opened = createEnvelopeVerifier([liar])({ ...forged, signatures }, 'manifest');
    expect(opened).toMatchObject({ ok: false, code: 'unknown_key' });
    const broken = { keyId: 'x', spki: new Uint8Array([1, 2]) };
    expect(createEnvelopeVerifier([broken])(forged, 'manifest').ok).toBe(false);
  });

  test('is signed with Ed25519 only', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(() => createEnvelopeSigner(pem)).toThrow('Ed25519');
    expect(() => createEnvelopeSigner('no key')).toThrow('Ed25519');
  });
});

describe('what an agent opens', () => {
  const openers = createEnvelopeOpeners({
    stateKeys: [signer.publicKey],
    epochKeys: [next.publicKey],
  });

  test('case b34: only the bytes that were verified are read', () => {
    const manifest: wire.Manifest = {
      installationUid: 'i',
      clusterUid: 'c',
      stateEpoch: 1,
      revision: 2 ** 40,
      root: new Uint8Array(32),
      sections: [{ section: 'BINDING', entries: 3 }],
      issuedAt: 1_700_000_000_000,
      explainedFrom: 2,
      intentionallyEmpty: false,
      compilerVersion: 1,
      lineage: new Uint8Array(),
    };
    const bytes = manifestCodec.encode(manifest);
    const opened = openers.openManifest(signer.sign('manifest', bytes));
    expect(opened).toMatchObject({ ok: true, value: { revision: 2 ** 40, clusterUid: 'c' } });
    const garbage = signer.sign('manifest', Uint8Array.of(0xff, 0xff));
    expect(openers.openManifest(garbage)).toMatchObject({ ok: false, code: 'malformed' });
  });

  test('protocol edge 8: the key that signs states cannot raise the epoch', () => {
    const bytes = epochRaiseCodec.encode({ installationUid: 'i', stateEpoch: 2 });
    expect(openers.openEpochRaise(signer.sign('epoch', bytes)).ok).toBe(false);
    expect(openers.openEpochRaise(next.sign('epoch', bytes)).ok).toBe(true);
  });
});
