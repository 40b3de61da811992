import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import {
  AppError,
  certificateRequest,
  certificateRequestInfo,
  readCertificateRequest,
} from '@ambit/kernel';

/** For whom a certificate is wanted, and for which key. */
export interface ClientRequest {
  readonly name: string;
  /** SubjectPublicKeyInfo of a P-256 key, DER. */
  readonly spki: Uint8Array;
}

/** A request for a certificate of this name, for a P-256 key (PEM); DER. */
export function createClientRequest(privateKeyPem: string, name: string): Uint8Array {
  const key = createPrivateKey(privateKeyPem);
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const info = certificateRequestInfo(Buffer.from(name), spki);
  return certificateRequest(info, sign('sha256', info, key));
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads a certificate request of a person (DER). Throws `invalid_request` for one that has not the very form in which our own
 * programs make them, or that was not signed with its key.
 */
export function readClientRequest(csr: Uint8Array): ClientRequest {
  const parts = readCertificateRequest(csr);
  if (parts === undefined) {
    throw badRequest('It has one common name as UTF-8, a P-256 key, and nothing beside them.');
  }
  const { name, spki, info, signature } = parts;
  if (!isSigned(info, spki, signature)) throw badRequest('Its signature is not by its own key.');
  return { name: textOf(name), spki };
}

function isSigned(info: Uint8Array, spki: Uint8Array, signature: Uint8Array): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    return verify('sha256', info, key, signature);
  } catch {
    return false;
  }
}

function textOf(name: Uint8Array): string {
  try {
    return utf8.decode(name);
  } catch {
    throw badRequest('Its name is no UTF-8.');
  }
}

const badRequest = (why: string): AppError =>
  new AppError('invalid_request', 'This is no certificate request as Ambit makes them.', { why });
