import { X509Certificate } from 'node:crypto';
import { AppError, bytesEqual, mostCommonNameBytes } from '@ambit/kernel';
import type { Clock, Ids, Millis } from '@ambit/kernel';
import type { UnitOfWork } from '@ambit/persistence';
import {
  certificateFingerprint,
  certificatesToPem,
  certificateValidity,
  readClientRequest,
} from '@ambit/transport';
import type { ClientRequest } from '@ambit/transport';
import { auditActor, principalName } from '../../platform/actor.ts';
import { timestamp } from '../../platform/object-response.ts';
import type { AskAgents } from '../agent-gateway/public.ts';
import type { ClusterAdmission, CredentialCaller, GivenCredential } from './admission.ts';
import { lifeOf, requireRunning, sessionOver } from './running-session.ts';

export interface GiveCertificatePorts {
  readonly agents: Pick<AskAgents, 'ask'>;
  readonly unitOfWork: UnitOfWork;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** Kubernetes makes no certificate that lives shorter. */
const leastLifeMs: Millis = 600_000;
/** What a signer may add to the life of one, as clocks differ and the making takes its time. */
const slackMs: Millis = 120_000;

/** A certificate that an agent had made. */
interface Certificate {
  readonly pem: string;
  readonly id: string;
  readonly serial: string;
  readonly expiresAt: Millis;
}

/**
 * Has the agent of a cluster make a client certificate for the key of who asks. `csr`: DER. Throws `csr_required`,
 * `invalid_request` for one of another form or name, `session_ended` for a session that ends sooner than a certificate can,
 * and what asking the agent throws.
 */
export async function giveCertificate(
  ports: GiveCertificatePorts,
  { actor, requestId }: CredentialCaller,
  admission: ClusterAdmission & { readonly csr: Uint8Array | undefined },
): Promise<GivenCredential> {
  const { agents, unitOfWork, clock, ids } = ports;
  const { cluster, access, entrant, name } = admission;
  const request = requestOf(admission);
  const lifeMs = lifeOf(actor, access, clock.now());
  if (lifeMs < leastLifeMs) {
    throw sessionOver('The session ends sooner than a client certificate can.');
  }
  const session = actor.credential.id;
  const answer = await agents.ask(cluster, {
    requestId: ids.uuid(),
    name,
    principalUid: entrant.uid,
    sessionId: session,
    ttlSeconds: Math.floor(lifeMs / 1000),
    wanted: 'clientCertificate',
    clientCertificate: { csr: request.csr },
  });
  const made = answer.answer === 'certificates' ? answer.certificates.certificates : [];
  const { pem, id, serial, expiresAt } = judged(made, request, clock.now() + lifeMs);
  await unitOfWork.run({ actor: auditActor(actor), requestId }, async (tx) => {
    await requireRunning(tx, session, clock);
    tx.audit.record({
      type: 'credential.issued',
      message: `${principalName(entrant)} got a client certificate for cluster ${cluster.name}`,
      cluster: cluster.name,
      subjects: [name],
      details: { credential: id, serial, session, expiresAt: timestamp(expiresAt) },
    });
  });
  return { credential: { certificate: pem }, expiresAt };
}

type Requested = ClientRequest & { readonly csr: Uint8Array };

function requestOf({
  csr,
  name,
  cluster,
}: ClusterAdmission & { readonly csr: Uint8Array | undefined }): Requested {
  if (Buffer.byteLength(name) > mostCommonNameBytes) {
    throw new AppError('credential_refused', `The name ${name} is too long for a certificate.`, {
      why: `A client certificate of a cluster takes ${mostCommonNameBytes} bytes.`,
      hint: 'The owner of the cluster lets people in by tokens instead.',
    });
  }
  if (csr === undefined) {
    throw new AppError('csr_required', `${cluster.name} gives client certificates.`, {
      why: 'The request holds no certificate request of a key of yours.',
      hint: 'kubectl gets one through "ambit credential"; update that program when this is shown by it.',
      details: { name },
    });
  }
  const request = readClientRequest(csr);
  if (request.name === name) return { ...request, csr };
  throw new AppError('csr_required', 'The certificate request is for another name.', {
    why: `In ${cluster.name} the caller is ${name}.`,
    details: { name },
  });
}

/** An agent that answers something else gets nobody to use it. */
function judged(
  chain: readonly Uint8Array[],
  { name, spki }: ClientRequest,
  mostUntil: Millis,
): Certificate {
  const wrong = (why: string, cause?: unknown): AppError =>
    new AppError(
      'credential_refused',
      'The agent answered another certificate than was asked for.',
      {
        why,
        cause,
      },
    );
  const [own] = chain;
  if (own === undefined || chain.length > 8)
    throw wrong('There is no chain of certificates in it.');
  try {
    const certificate = new X509Certificate(own);
    const key = certificate.publicKey.export({ type: 'spki', format: 'der' });
    const { notAfter } = certificateValidity(own);
    if (!bytesEqual(key, spki)) throw wrong('It is for another key.');
    if (certificate.subject !== `CN=${name}`) throw wrong('It is for another name.');
    if (notAfter > mostUntil + slackMs) throw wrong('It lasts longer.');
    return {
      pem: certificatesToPem(chain),
      id: `X509SHA256=${certificateFingerprint(own)}`,
      serial: certificate.serialNumber,
      expiresAt: notAfter,
    };
  } catch (error) {
    throw error instanceof AppError ? error : wrong('It cannot be read.', error);
  }
}
