import { describe, expect, test } from '@jest/globals';
import type { wire } from '@ambit/protocol';
import {
  createEnvelopeSigner,
  createEnvelopeVerifier,
  generateSigningKey,
  signedByAll,
} from './envelope.ts';
import { payloadTree, rootOver } from './payload-tree.ts';

const signer = createEnvelopeSigner(generateSigningKey());
const verify = createEnvelopeVerifier([signer.publicKey]);
const payloads = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, at) => Buffer.from(`manifest of cluster ${at}`));

const codeOf = (
  envelope: wire.SignedEnvelope,
  type: 'manifest' | 'revoke' = 'manifest',
): string => {
  const opened = verify(envelope, type);
  return opened.ok ? 'ok' : opened.code;
};

/** The envelope with another path. */
function withPath(envelope: wire.SignedEnvelope, path: Uint8Array): wire.SignedEnvelope {
  return { ...envelope, signatures: envelope.signatures.map((each) => ({ ...each, path })) };
}

function pathOf(envelope: wire.SignedEnvelope | undefined): Buffer {
  return Buffer.from(envelope?.signatures[0]?.path ?? []);
}

describe('a tree of payloads', () => {
  test('of any size leads from each of them to its root, in as many steps as it is high', () => {
    for (const count of [1, 2, 3, 4, 5, 31, 32, 33, 100]) {
      const all = payloads(count);
      const { root, paths } = payloadTree(all);
      for (const [at, payload] of all.entries()) {
        const path = paths[at] ?? Buffer.alloc(0);
        expect(path.length).toBeLessThanOrEqual(33 * Math.ceil(Math.log2(count)));
        expect(rootOver(payload, path)).toEqual(root);
        expect(rootOver(Buffer.from('another'), path)).not.toEqual(root);
      }
    }
  });

  test('an inner node passes as no payload, nor a payload as a node', () => {
    const [one = Buffer.alloc(0), two = Buffer.alloc(0)] = payloads(2);
    const { root, paths } = payloadTree([one, two]);
    const left = rootOver(one, Buffer.alloc(0));
    const right = rootOver(two, Buffer.alloc(0));
    const forged = Buffer.concat([left ?? Buffer.alloc(0), right ?? Buffer.alloc(0)]);
    expect(rootOver(forged, Buffer.alloc(0))).not.toEqual(root);
    expect(rootOver(forged, paths[0] ?? Buffer.alloc(0))).not.toEqual(root);
  });

  test('what is no path leads nowhere', () => {
    const [payload = Buffer.alloc(0)] = payloads(1);
    expect(rootOver(payload, Buffer.alloc(32))).toBeUndefined();
    expect(rootOver(payload, Buffer.alloc(33 * 17))).toBeUndefined();
    expect(rootOver(payload, Buffer.alloc(33, 0x02))).toBeUndefined();
    expect(() => payloadTree([])).toThrow(RangeError);
  });
});

describe('manifests that are signed together', () => {
  const all = signer.signManifests(payloads(20));

  test('have one signature, and each opens by itself', () => {
    expect(new Set(all.map(({ signatures }) => signatures[0]?.signature)).size).toBe(1);
    expect(all.map((envelope) => codeOf(envelope))).toEqual(all.map(() => 'ok'));
  });

  test('one alone is signed as ever', () => {
    const [one] = signer.signManifests(payloads(1));
    expect(one).toEqual(signer.sign('manifest', Buffer.from('manifest of cluster 0')));
  });

  test('does not open with the path of another, a changed one, none, or with a changed payload', () => {
    const [first, second] = all;
    if (first === undefined || second === undefined) throw new Error('no envelopes');
    expect(codeOf(withPath(first, pathOf(second)))).toBe('bad_signature');
    expect(codeOf(withPath(first, Buffer.alloc(0)))).toBe('bad_signature');
    expect(codeOf({ ...first, payload: second.payload })).toBe('bad_signature');
    for (let at = 0; at < pathOf(first).length; at++) {
      const changed = pathOf(first);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      expect(codeOf(withPath(first, changed))).toBe('bad_signature');
    }
  });

  test('a path is for manifests alone, and a signature of one form never passes as the other', () => {
    const [first] = all;
    if (first === undefined) throw new Error('no envelope');
    expect(codeOf({ ...first, payloadType: 'revoke' }, 'revoke')).toBe('bad_signature');
    const revoke = signer.sign('revoke', Buffer.from('payload'));
    expect(codeOf(withPath(revoke, pathOf(first)), 'revoke')).toBe('bad_signature');
    const { root } = payloadTree(payloads(20));
    expect(codeOf(withPath({ ...first, payload: root }, Buffer.alloc(0)))).toBe('bad_signature');
  });

  test('while keys change, either key opens each of them', () => {
    const next = createEnvelopeSigner(generateSigningKey());
    const both = signedByAll(signer, [next]).signManifests(payloads(5));
    for (const key of [signer, next]) {
      const opens = createEnvelopeVerifier([key.publicKey]);
      expect(both.every((envelope) => opens(envelope, 'manifest').ok)).toBe(true);
    }
  });
});
