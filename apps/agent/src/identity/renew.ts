import { X509Certificate } from 'node:crypto';
import { AppError } from '@ambit/kernel';
import type { Millis } from '@ambit/kernel';
import type { wire } from '@ambit/protocol';
import {
  createCertificateRequest,
  generateAgentKey,
  mostTrustBundles,
  signRenewal,
  trustToText,
} from '@ambit/transport';
import type { CentralConnection } from '@ambit/transport';
import { validityOf } from './agent-identity.ts';
import type { AgentIdentityRecord } from './agent-identity.ts';
import { identityTrust, trustAfter } from './agent-trust.ts';
import type { RefusedTrust } from './agent-trust.ts';
import { readCertificate } from './certificate-answer.ts';

const deadlineMs = 10_000;
/** Of the nonces of central. One of another length could hide a request of somebody else before ours. */
const nonceBytes = 32;

type Renewals = Pick<CentralConnection, 'renew' | 'renewChallenge' | 'renewExpired'>;

/** Told what an answer says of whom to trust and nobody vouched for, whether or not its certificate is of use. */
export type TellRefused = (refused: readonly RefusedTrust[]) => void;

/**
 * The identity with a new key and a new certificate; nothing is stored. A certificate that has ended is renewed by a
 * signature of its key. Whom it trusts moves only by signed bundles in the answer. Throws `certificate_revoked`, `certificate_expired` when it ended too long ago,
 * `server_unreachable` or `internal`.
 */
export async function renew(
  identity: AgentIdentityRecord,
  connection: Renewals,
  now: Millis,
  tell: TellRefused,
): Promise<AgentIdentityRecord> {
  const privateKey = generateAgentKey();
  const csr = createCertificateRequest(privateKey);
  const answer =
    now < validityOf(identity).notAfter
      ? await connection.renew({ csr }, deadlineMs)
      : await renewExpired(identity, connection, csr);
  const { trust, refused } = trustAfter(identity, answer);
  tell(refused);
  const claims = { ...identity, privateKey, ca: trust.ca };
  const certificateChain = readCertificate(answer.certificateChain, claims);
  const next = { ...identity, ...identityTrust(trust), privateKey, certificateChain };
  if (refused.length > 0 || answer.trust.length === 0) return next;
  return { ...next, trustSteps: answer.trust.slice(-mostTrustBundles).map(trustToText) };
}

async function renewExpired(
  identity: AgentIdentityRecord,
  connection: Renewals,
  csr: Uint8Array,
): Promise<wire.RenewResponse> {
  const certificate = new X509Certificate(identity.certificateChain).raw;
  const { nonce } = await connection.renewChallenge({ certificate }, deadlineMs);
  if (nonce.length !== nonceBytes) {
    throw new AppError('internal', 'The answer of central cannot be used.', {
      why: 'Its challenge is not one of central.',
    });
  }
  const signature = signRenewal(identity.privateKey, nonce, csr);
  return connection.renewExpired({ certificate, nonce, csr, signature }, deadlineMs);
}
