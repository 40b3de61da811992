import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { certificateRequest, certificateRequestInfo, derValue } from '@ambit/kernel';
import { createCertificateRequest, generateAgentKey } from './agent-key.ts';
import { createClientRequest, readClientRequest } from './client-request.ts';

const key = generateAgentKey();
const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
const utf8 = (text: string): Uint8Array => Buffer.from(text);
const signed = (info: Uint8Array, by = key): Uint8Array => {
  return certificateRequest(info, sign('sha256', info, createPrivateKey(by)));
};
const refused = expect.objectContaining({ code: 'invalid_request' });

describe('a certificate request of a person', () => {
  test('is read as it was made, and by other software too', async () => {
    await import('reflect-metadata');
    const x509 = await import('@peculiar/x509');
    for (const name of ['ambit:ada', 'ambit:größe@日本', `a${'b'.repeat(102)}`]) {
      const csr = createClientRequest(key, name);
      expect(readClientRequest(csr)).toEqual({ name, spki: new Uint8Array(spki) });
      const theirs = new x509.Pkcs10CertificateRequest(csr);
      expect(await theirs.verify()).toBe(true);
      expect(theirs.subjectName.getField('CN')).toEqual([name]);
      expect(theirs.attributes).toEqual([]);
    }
  });

  test('with any bit turned, any byte more, or any less is refused', () => {
    const csr = createClientRequest(key, 'ambit:ada');
    fc.assert(
      fc.property(fc.nat(csr.length - 1), fc.nat(7), (at, bit) => {
        const turned = Uint8Array.from(csr);
        turned[at] = (turned[at] ?? 0) ^ (1 << bit);
        expect(() => readClientRequest(turned)).toThrow(refused);
        expect(() => readClientRequest(csr.subarray(0, at))).toThrow(refused);
        const longer = Uint8Array.from([...csr.subarray(0, at), bit, ...csr.subarray(at)]);
        expect(() => readClientRequest(longer)).toThrow(refused);
      }),
      { numRuns: 300 },
    );
  });

  test('is never read from what is none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        expect(() => readClientRequest(bytes)).toThrow(refused);
      }),
    );
  });

  test.each<[string, () => Uint8Array]>([
    ['no name', () => signed(certificateRequestInfo(utf8(''), spki))],
    ['a name of 104 bytes', () => signed(certificateRequestInfo(utf8('a'.repeat(104)), spki))],
    [
      'a name that is no UTF-8',
      () => signed(certificateRequestInfo(Uint8Array.of(97, 0xff), spki)),
    ],
    [
      'the signature of another key',
      () => signed(certificateRequestInfo(utf8('a'), spki), generateAgentKey()),
    ],
    ['an empty subject', () => createCertificateRequest(key)],
    [
      'a weak key',
      () => {
        const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
        const of = publicKey.export({ type: 'spki', format: 'der' });
        const info = certificateRequestInfo(utf8('ambit:ada'), of);
        return certificateRequest(info, sign('sha256', info, privateKey));
      },
    ],
    [
      'a key of another curve',
      () => {
        const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
        const of = publicKey.export({ type: 'spki', format: 'der' });
        const info = certificateRequestInfo(utf8('ambit:ada'), of);
        return certificateRequest(info, sign('sha256', info, privateKey));
      },
    ],
    [
      'a point that is not on the curve',
      () =>
        signed(
          certificateRequestInfo(
            utf8('ambit:ada'),
            Uint8Array.from(spki, (byte, at) => (at > 30 ? 7 : byte)),
          ),
        ),
    ],
    [
      'attributes',
      () => {
        const info = certificateRequestInfo(utf8('ambit:ada'), spki);
        const body = info.subarray(3, info.length - 2);
        return signed(derValue(0x30, body, derValue(0xa0, derValue(0x30))));
      },
    ],
  ])('with %s is refused', (_, csr) => {
    expect(() => readClientRequest(csr())).toThrow(refused);
  });
});
