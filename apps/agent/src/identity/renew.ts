import { X509Certificate } from 'node:crypto';
import type { Millis } from '@ambit/kernel';
import { createCertificateRequest, generateAgentKey, signRenewal } from '@ambit/transport';
import type { CentralConnection } from '@ambit/transport';
import { validityOf } from './agent-identity.ts';
import type { AgentIdentityRecord } from './agent-identity.ts';
import { readCertificateAnswer } from './certificate-answer.ts';
import type { CertificateAnswer } from './certificate-answer.ts';

const deadlineMs = 10_000;

type Renewals = Pick<CentralConnection, 'renew' | 'renewChallenge' | 'renewExpired'>;

/**
 * The identity with a new key and a new certificate; nothing is stored. A certificate that has ended is renewed by a
 * signature of its key. Throws `certificate_revoked`, `certificate_expired` when it ended too long ago,
 * `server_unreachable` or `internal`.
 */
export async function renew(
  identity: AgentIdentityRecord,
  connection: Renewals,
  now: Millis,
): Promise<AgentIdentityRecord> {
  const privateKey = generateAgentKey();
  const csr = createCertificateRequest(privateKey);
  const answer =
    now < validityOf(identity).notAfter
      ? await connection.renew({ csr }, deadlineMs)
      : await renewExpired(identity, connection, csr);
  const read = readCertificateAnswer(answer, privateKey);
  return { ...identity, privateKey, ...read, stateKeys: answer.stateKeys };
}

async function renewExpired(
  identity: AgentIdentityRecord,
  connection: Renewals,
  csr: Uint8Array,
): Promise<CertificateAnswer> {
  const certificate = new X509Certificate(identity.certificateChain).raw;
  const { nonce } = await connection.renewChallenge({ certificate }, deadlineMs);
  const signature = signRenewal(identity.privateKey, nonce, csr);
  return connection.renewExpired({ certificate, nonce, csr, signature }, deadlineMs);
}
