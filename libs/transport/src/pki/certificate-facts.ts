import { X509Certificate } from 'node:crypto';
import type { Millis } from '@ambit/kernel';
import { sha256Hex } from '../digests.ts';

/** Name that central's certificate always carries and that agents insist on. */
export const centralName = 'central.ambit.internal';

const day = 24 * 60 * 60 * 1000;
/** Lifetimes in milliseconds. */
export const certificateLifetimes = {
  ca: 10 * 365 * day,
  server: day,
  agent: day,
  /** How far back a certificate begins, for clocks that are slow. */
  backdate: 5 * 60 * 1000,
} as const;

export const extendedKeyUsage = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

/** Lower-case hexadecimal SHA-256 of a certificate's DER: what an agent is recorded by. */
export function certificateFingerprint(der: Uint8Array): string {
  return sha256Hex(der);
}

/** Lower-case hexadecimal SHA-256 of a certificate's SubjectPublicKeyInfo: what a CA is pinned by. */
export function publicKeyPin(certificate: X509Certificate | string | Uint8Array): string {
  const x509 =
    certificate instanceof X509Certificate ? certificate : new X509Certificate(certificate);
  return sha256Hex(x509.publicKey.export({ type: 'spki', format: 'der' }));
}

/** True when a certificate (DER) was made by one of these CAs (DER), ended or not; false for what is no certificate. */
export function isIssuedBy(certificate: Uint8Array, cas: readonly Uint8Array[]): boolean {
  try {
    const leaf = new X509Certificate(certificate);
    return cas.some((der) => {
      const ca = new X509Certificate(der);
      return leaf.checkIssued(ca) && leaf.verify(ca.publicKey);
    });
  } catch {
    return false;
  }
}

/** When a certificate (PEM or DER) begins and ends. */
export function certificateValidity(certificate: string | Uint8Array): {
  readonly notBefore: Millis;
  readonly notAfter: Millis;
} {
  const { validFrom, validTo } = new X509Certificate(certificate);
  return { notBefore: Date.parse(validFrom), notAfter: Date.parse(validTo) };
}

/** DER of the certificates in a PEM text, in their order. */
export function certificatesFromPem(pem: string): Uint8Array[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new Uint8Array(new X509Certificate(block).raw));
}

/** PEM of certificates in DER, in their order. */
export function certificatesToPem(certificates: readonly Uint8Array[]): string {
  return certificates.map((each) => new X509Certificate(each).toString()).join('');
}
