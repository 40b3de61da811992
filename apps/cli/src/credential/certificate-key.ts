import { createPrivateKey, generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { certificateRequest, certificateRequestInfo } from '@ambit/kernel';

/** A new key, which stays on this machine, and what a certificate for it is asked with. */
export interface CertificateKey {
  /** PKCS #8 PEM. */
  readonly key: string;
  /** A certificate request, base64 of DER. */
  readonly csr: string;
}

/** A new P-256 key and a request of a certificate of this name for it. */
export function newCertificateKey(name: string): CertificateKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const info = certificateRequestInfo(Buffer.from(name), spki);
  const csr = certificateRequest(info, sign('sha256', info, privateKey));
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    csr: Buffer.from(csr).toString('base64'),
  };
}

/** Is this a certificate (PEM) for the key? */
export function isForKey(certificate: string, key: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}
