import { generateKeyPairSync, sign } from 'node:crypto';
import { derValue } from '@ambit/kernel';
import type { Millis } from '@ambit/kernel';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ecdsa = derValue(0x30, Buffer.from('06082a8648ce3d040302', 'hex'));

const named = (name: string): Uint8Array => {
  const attribute = derValue(0x30, [6, 3, 0x55, 4, 3], derValue(0x0c, Buffer.from(name)));
  return derValue(0x30, derValue(0x31, attribute));
};

const utcTime = (at: Millis): Uint8Array => {
  const text = new Date(at).toISOString().replace(/\D/g, '').slice(2, 14);
  return derValue(0x17, Buffer.from(`${text}Z`));
};

/** A certificate (DER) as the signer of a cluster would make it, by a key that nobody trusts. `spki`: DER. */
export function testCertificate(
  name: string,
  spki: Uint8Array,
  { notAfter, serial = 7 }: { readonly notAfter: Millis; readonly serial?: number },
): Uint8Array {
  const body = derValue(
    0x30,
    derValue(0xa0, [2, 1, 2]),
    [2, 1, serial],
    ecdsa,
    named('a test'),
    derValue(0x30, utcTime(notAfter - 900_000), utcTime(notAfter)),
    named(name),
    spki,
  );
  return derValue(0x30, body, ecdsa, derValue(3, [0], sign('sha256', body, privateKey)));
}
