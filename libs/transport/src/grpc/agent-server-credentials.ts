import { constants } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import { ServerCredentials } from '@grpc/grpc-js';

/** PEM. */
export interface ListenerCertificates {
  readonly certificateChain: string;
  readonly privateKey: string;
  /** Certificates of CAs whose clients are accepted. */
  readonly clientCa: string;
}

const handshakeMs = 5_000;

function secureContext(certificates: ListenerCertificates): SecureContextOptions {
  return {
    cert: Buffer.from(certificates.certificateChain),
    key: Buffer.from(certificates.privateKey),
    ca: Buffer.from(certificates.clientCa),
    minVersion: 'TLSv1.3',
    // A resumed session counts as authorised although its certificate was never shown again.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

/**
 * One port for callers with and without a certificate: it is asked for, checked when it comes, and left to each
 * method to insist on, which `ServerCredentials.createSsl` cannot say. TLS 1.3 only, no session tickets, and the
 * certificates can change while it serves.
 */
export class AgentServerCredentials extends ServerCredentials {
  constructor(certificates: ListenerCertificates) {
    super(
      { requestCert: true, rejectUnauthorized: false, handshakeTimeout: handshakeMs },
      secureContext(certificates),
    );
  }

  /** New connections get the new certificates; streams that are open stay. */
  replace(certificates: ListenerCertificates): void {
    this.updateSecureContextOptions(secureContext(certificates));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}
