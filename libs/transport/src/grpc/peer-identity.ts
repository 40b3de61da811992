import type { ServerDuplexStream, ServerUnaryCall } from '@grpc/grpc-js';
import type { Millis } from '@ambit/kernel';
import { certificateFingerprint, extendedKeyUsage } from '../pki/certificate-facts.ts';

/** The certificate a caller proved to have. Who it is stands in central's record of the fingerprint, nowhere else. */
export interface PeerIdentity {
  readonly fingerprint: string;
  readonly notAfter: Millis;
}

/**
 * The caller's certificate when it is by our CA, in its time and made for clients; else undefined. Certificates that
 * did not verify are never looked at.
 */
export function peerCertificate(
  call: ServerUnaryCall<unknown, unknown> | ServerDuplexStream<unknown, unknown>,
): PeerIdentity | undefined {
  const certificate = call.getAuthContext().sslPeerCertificate;
  if (certificate?.raw === undefined) return undefined;
  const { raw, ca, ext_key_usage: purposes = [], valid_to: validTo } = certificate;
  if (ca !== false || !purposes.includes(extendedKeyUsage.clientAuth)) return undefined;
  const notAfter = Date.parse(validTo);
  if (!(notAfter > Date.now())) return undefined;
  return { fingerprint: certificateFingerprint(raw), notAfter };
}
