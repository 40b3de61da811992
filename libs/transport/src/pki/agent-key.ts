import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  X509Certificate,
} from 'node:crypto';
import { derValue } from '@ambit/kernel';

/** A new P-256 private key, PKCS #8 PEM. */
export function generateAgentKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

const sequence = 0x30;
const version0 = Buffer.from([0x02, 0x01, 0x00]);
const noAttributes = Buffer.from([0xa0, 0x00]);
// OID 1.2.840.10045.4.3.2, ecdsa-with-SHA256 (RFC 5758).
const ecdsaWithSha256 = Buffer.from('06082a8648ce3d040302', 'hex');

/**
 * A certificate request (PKCS #10, RFC 2986, DER) for a P-256 key, with an empty subject: central chooses it.
 * Written by hand, because an X.509 library would cost an agent more memory than all its state.
 */
export function createCertificateRequest(privateKeyPem: string): Buffer {
  const key = createPrivateKey(privateKeyPem);
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const info = derValue(sequence, version0, derValue(sequence), spki, noAttributes);
  const signature = sign('sha256', info, key);
  const bits = derValue(0x03, Buffer.from([0x00]), signature);
  return Buffer.from(derValue(sequence, info, derValue(sequence, ecdsaWithSha256), bits));
}

function renewalBytes(nonce: Uint8Array, csr: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from('ambit-renew-expired\n', 'utf8'), nonce, csr]);
}

/** Proof for `RenewExpired` that the caller still has the key of the certificate that ended. */
export function signRenewal(privateKeyPem: string, nonce: Uint8Array, csr: Uint8Array): Buffer {
  return sign('sha256', renewalBytes(nonce, csr), createPrivateKey(privateKeyPem));
}

export interface RenewalProof {
  /** DER. */
  readonly certificate: Uint8Array;
  readonly nonce: Uint8Array;
  readonly csr: Uint8Array;
  readonly signature: Uint8Array;
}

/** True when the signature is by the certificate's key over exactly this nonce and request. */
export function verifyRenewal(proof: RenewalProof): boolean {
  try {
    const { publicKey } = new X509Certificate(proof.certificate);
    return verify('sha256', renewalBytes(proof.nonce, proof.csr), publicKey, proof.signature);
  } catch {
    return false;
  }
}
