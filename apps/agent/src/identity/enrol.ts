import { createHash } from 'node:crypto';
import type { Logger } from '@ambit/kernel';
import { AppError, isAppError } from '@ambit/kernel';
import type { wire } from '@ambit/protocol';
import {
  connectToCentral,
  createCertificateRequest,
  fetchPinnedCa,
  generateAgentKey,
  parseJoinToken,
  publicKeyPin,
  readTrust,
  signJoinRequest,
  verifyEnrolment,
} from '@ambit/transport';
import type { HeldTrust, JoinTokenText, WayOut } from '@ambit/transport';
import type { AgentIdentityRecord, IdentityFile } from './agent-identity.ts';
import { identityTrust } from './agent-trust.ts';
import { readCertificate } from './certificate-answer.ts';

export interface EnrolmentRequest {
  /** host:port */
  readonly server: string;
  readonly joinToken: string;
  readonly kubeSystemUid: string;
  readonly kubernetesVersion: string;
  readonly agentVersion: string;
  readonly wayOut?: WayOut | undefined;
}

const deadlineMs = 10_000;
/** Where trust in epochs begins: a higher one needs the signature of the epoch key, which every Welcome carries. */
const firstStateEpoch = 1;

/** By which a token that is spent is known again without being kept. */
export function joinTokenDigest(joinToken: string): string {
  return createHash('sha256').update(joinToken).digest('hex');
}

/**
 * Exchanges a join token for an identity and stores it. A proof that the token is held, good for this very request,
 * goes to a central whose CA has the fingerprint in the token, and only when an identity could be kept.
 *
 * Throws `join_token_invalid`, `server_unreachable`, `wrong_cluster`, `cluster_already_enrolled`, `storage_full`,
 * `storage_unwritable` or `internal`, each with what to do next.
 */
export async function enrol(
  request: EnrolmentRequest,
  file: IdentityFile,
  logger: Logger,
): Promise<AgentIdentityRecord> {
  const token = parseJoinToken(request.joinToken);
  await file.prove();
  const { server: address, wayOut } = request;
  const ca = await fetchPinnedCa({ address, caPin: token.caPin, deadlineMs, wayOut });
  const privateKey = generateAgentKey();
  const csr = createCertificateRequest(privateKey);
  const answer = await exchange(request, { ca, token, csr });
  const trust = provenTrust(answer, { ca, csr, server: request.server });
  const { installationUid, clusterUid, clusterName, agentUid } = answer;
  const claims = { installationUid, clusterUid, agentUid, privateKey, ca: trust.ca };
  const certificateChain = readCertificate(answer.certificateChain, claims);
  const { server, kubeSystemUid } = request;
  const identity: AgentIdentityRecord = {
    server,
    kubeSystemUid,
    clusterUid,
    clusterName,
    agentUid,
    privateKey,
    certificateChain,
    ...identityTrust(trust),
    stateEpoch: firstStateEpoch,
    joinedBy: joinTokenDigest(request.joinToken),
  };
  await file.save(identity);
  logger.info('enrolled', { cluster: clusterName, agentUid, installationUid });
  return identity;
}

/**
 * Whom to believe, as the CA of the join token says itself. The certificate of the listener proves less: who stole it
 * could name state keys of its own here.
 */
function provenTrust(
  answer: wire.EnrollResponse,
  asked: { readonly ca: string; readonly csr: Uint8Array; readonly server: string },
): HeldTrust {
  const { clusterName, installationUid, caSignature } = answer;
  const { ca, csr, server } = asked;
  const newest = answer.trust.at(-1);
  if (newest === undefined) throw unproven(server, 'It does not say whom to trust.');
  if (!verifyEnrolment(ca, { csr, clusterName, trust: newest.payload }, caSignature)) {
    throw unproven(server, 'Its answer is not signed by the CA of the join token.');
  }
  const trust = readTrust(newest);
  if (trust === undefined || trust.installationUid !== installationUid) {
    throw unproven(server, 'It does not say whom to trust.');
  }
  const pin = publicKeyPin(ca);
  if (trust.ca.some((each) => publicKeyPin(each) === pin)) return trust;
  throw unproven(server, 'The CA of the join token is not one of those to trust.');
}

function unproven(server: string, why: string): AppError {
  return new AppError('server_unreachable', `${server} did not prove that it is central.`, {
    why,
    hint: 'Nothing of its answer was kept, and the join token was not shown to it. Central may be older than this agent; else look at who holds the certificate of its listener.',
    nextCommand: 'ambit cluster join-token NAME',
  });
}

async function exchange(
  request: EnrolmentRequest,
  parts: { readonly ca: string; readonly token: JoinTokenText; readonly csr: Uint8Array },
): Promise<wire.EnrollResponse> {
  const { server: address, wayOut, kubeSystemUid, agentVersion, kubernetesVersion } = request;
  const { ca, token, csr } = parts;
  const { id, presented } = token;
  const tokenProof = signJoinRequest(presented, { id, kubeSystemUid, csr });
  const connection = connectToCentral({ address, ca, wayOut });
  try {
    return await connection.enroll(
      { joinToken: id, tokenProof, csr, kubeSystemUid, agentVersion, kubernetesVersion },
      deadlineMs,
    );
  } catch (error) {
    throw isAppError(error) && error.retryable ? replyLost(error) : error;
  } finally {
    connection.close();
  }
}

/** The token may have been taken before the reply was lost; asking again with it could only fail. */
function replyLost(cause: AppError): AppError {
  return new AppError('server_unreachable', 'Central did not answer the join token.', {
    why: cause.extras.why ?? cause.message,
    hint: 'The token may be spent: if starting the agent again says so, make a new one.',
    nextCommand: 'ambit cluster join-token NAME',
    cause,
  });
}
