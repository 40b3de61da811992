import { bytesEqual } from './encoding.ts';

/**
 * Certificate requests (PKCS #10, RFC 2986, DER) of the one form in which people ask for certificates of a cluster: a P-256
 * key, a common name, and nothing else. Written and read by hand, so that what is signed has one form alone and a policy of
 * an API server can judge it; who signs and verifies is given, as pure code has no platform.
 */

/** Most bytes of the common name: with one more, a policy would meet lengths of another form. */
export const mostCommonNameBytes = 103;

const sequence = 0x30;
const set = 0x31;
const utf8String = 0x0c;
const bitString = 0x03;
const version0 = [0x02, 0x01, 0x00];
const commonName = [0x06, 0x03, 0x55, 0x04, 0x03];
const noAttributes = [0xa0, 0x00];
/** OID 1.2.840.10045.4.3.2, ecdsa-with-SHA256 (RFC 5758). */
const ecdsaWithSha256 = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/** A SubjectPublicKeyInfo of P-256 up to its point, which is not compressed (RFC 5480). */
const p256Head = [
  0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
  0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];
const p256Bytes = 91;
const mostBytes = 512;

/** The parts of a request. */
export interface CertificateRequestParts {
  /** UTF-8 of the common name. */
  readonly name: Uint8Array;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  /** What the signature is over. */
  readonly info: Uint8Array;
  /** ECDSA with SHA-256, DER. */
  readonly signature: Uint8Array;
}

/** One value of DER; the length in as few bytes as there can be. */
export function derValue(tag: number, ...parts: readonly Iterable<number>[]): Uint8Array {
  const body = parts.flatMap((part) => [...part]);
  const { length } = body;
  if (length < 0x80) return Uint8Array.from([tag, length, ...body]);
  if (length < 0x100) return Uint8Array.from([tag, 0x81, length, ...body]);
  return Uint8Array.from([tag, 0x82, length >> 8, length & 0xff, ...body]);
}

/** What is to be signed of a request. */
export function certificateRequestInfo(name: Uint8Array, spki: Uint8Array): Uint8Array {
  const attribute = derValue(sequence, commonName, derValue(utf8String, name));
  const subject = derValue(sequence, derValue(set, attribute));
  return derValue(sequence, version0, subject, spki, noAttributes);
}

/** The request, once it is signed. */
export function certificateRequest(info: Uint8Array, signature: Uint8Array): Uint8Array {
  const algorithm = derValue(sequence, ecdsaWithSha256);
  return derValue(sequence, info, algorithm, derValue(bitString, [0], signature));
}

/** Reads a request; undefined for any that has not this very form. Whether its signature fits is for the caller to say. */
export function readCertificateRequest(der: Uint8Array): CertificateRequestParts | undefined {
  if (der.length > mostBytes) return undefined;
  const parts = partsOf(der);
  const { name, spki, signature } = parts;
  if (name.length === 0 || name.length > mostCommonNameBytes || !isP256(spki)) return undefined;
  // Made anew from its parts it is the same: so nothing else stands in it, and nothing in another form.
  const again = certificateRequest(certificateRequestInfo(name, spki), signature);
  return bytesEqual(again, der) ? parts : undefined;
}

function isP256(spki: Uint8Array): boolean {
  return spki.length === p256Bytes && p256Head.every((byte, at) => spki[at] === byte);
}

/** Where a value lies; anything at all for what is no DER. */
interface Value {
  readonly at: number;
  readonly body: number;
  readonly end: number;
}

function partsOf(der: Uint8Array): CertificateRequestParts {
  const value = (at: number): Value => {
    const [first = 0, second = 0, third = 0] = der.subarray(at + 1, at + 4);
    const more = first === 0x81 ? 1 : first === 0x82 ? 2 : 0;
    const length = more === 0 ? first : more === 1 ? second : second * 0x100 + third;
    const body = at + 2 + more;
    return { at, body, end: body + length };
  };
  const info = value(value(0).body);
  const subject = value(value(info.body).end);
  const attribute = value(value(subject.body).body);
  const name = value(value(attribute.body).end);
  const spki = value(subject.end);
  const signature = value(value(info.end).end);
  return {
    name: der.subarray(name.body, name.end),
    spki: der.subarray(spki.at, spki.end),
    info: der.subarray(info.at, info.end),
    // Behind the count of unused bits.
    signature: der.subarray(signature.body + 1, signature.end),
  };
}
