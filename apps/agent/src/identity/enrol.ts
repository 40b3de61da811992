import { X509Certificate } from 'node:crypto';
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
} from '@ambit/transport';
import type { AgentIdentityRecord, IdentityFile } from './agent-identity.ts';
import { readCertificateAnswer } from './certificate-answer.ts';

export interface EnrolmentRequest {
  /** host:port */
  readonly server: string;
  readonly joinToken: string;
  readonly kubeSystemUid: string;
  readonly kubernetesVersion: string;
  readonly agentVersion: string;
}

const deadlineMs = 10_000;

/**
 * Exchanges a join token for an identity and stores it. The token leaves this process only for a central whose CA has
 * the fingerprint in the token, and only when an identity could be kept.
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
  const ca = await fetchPinnedCa({ address: request.server, caPin: token.caPin, deadlineMs });
  const privateKey = generateAgentKey();
  const answer = await exchange(request, {
    ca,
    joinToken: token.presented,
    csr: createCertificateRequest(privateKey),
  });
  const { certificateChain, ca: trusted } = readCertificateAnswer(answer, privateKey);
  if (!answer.ca.some((each) => publicKeyPin(new X509Certificate(each)) === token.caPin)) {
    throw new AppError('internal', 'The answer of central leaves out the CA of the join token.');
  }
  const { installationUid, clusterUid, clusterName, agentUid, stateEpoch } = answer;
  const { stateKeys, epochKeys } = answer;
  const { server, kubeSystemUid } = request;
  const ofAgent = { server, kubeSystemUid, clusterUid, clusterName, agentUid };
  const trust = { installationUid, ca: trusted, stateKeys, epochKeys, stateEpoch };
  const identity: AgentIdentityRecord = { ...ofAgent, ...trust, privateKey, certificateChain };
  await file.save(identity);
  logger.info('enrolled', { cluster: clusterName, agentUid, installationUid });
  return identity;
}

async function exchange(
  request: EnrolmentRequest,
  parts: { readonly ca: string; readonly joinToken: string; readonly csr: Uint8Array },
): Promise<wire.EnrollResponse> {
  const { server: address, kubeSystemUid, agentVersion, kubernetesVersion } = request;
  const { ca, joinToken, csr } = parts;
  const connection = connectToCentral({ address, ca });
  try {
    return await connection.enroll(
      { joinToken, csr, kubeSystemUid, agentVersion, kubernetesVersion },
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
