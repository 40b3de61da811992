import { randomBytes } from 'node:crypto';
import { AppError, isAppError } from '@ambit/kernel';
import type { Clock, Ids } from '@ambit/kernel';
import type { wire } from '@ambit/protocol';
import type {
  AgentIdentity,
  CertificateRecord,
  JoinTokenUse,
  Transaction,
  UnitOfWork,
} from '@ambit/persistence';
import {
  certificateFingerprint,
  isIssuedBy,
  nodeDigests,
  readPresentedJoinToken,
  verifyJoinRequest,
  verifyRenewal,
} from '@ambit/transport';
import type { AgentCall, AgentCertificate, CertificateAuthority } from '@ambit/transport';

import type { SupersededCertificates } from './superseded-certificates.ts';

export interface TrustFacts {
  readonly installationUid: string;
  stateEpoch(): number;
  /** Signed bundles, oldest first, and what the newest says. */
  readonly trust: readonly wire.SignedEnvelope[];
  readonly bundle: wire.TrustBundle;
}

export interface EnrolmentPorts {
  readonly unitOfWork: UnitOfWork;
  readonly ca: CertificateAuthority;
  readonly superseded: Pick<SupersededCertificates, 'tell'>;
  readonly clock: Clock;
  readonly ids: Ids;
}

const nonceMs = 60_000;
const renewExpiredWithinMs = 7 * 86_400_000;

/** How agents get and keep their certificates. Central chooses every subject; a request gives a public key and no more. */
export class EnrolAgent {
  readonly #ports: EnrolmentPorts;
  readonly #facts: TrustFacts;

  constructor(ports: EnrolmentPorts, facts: TrustFacts) {
    this.#ports = ports;
    this.#facts = facts;
  }

  /** Throws join_token_invalid, wrong_cluster, cluster_already_enrolled, invalid_request. */
  async enrol(request: wire.EnrollRequest): Promise<wire.EnrollResponse> {
    if (request.kubeSystemUid === '') throw refused('unknown');
    const agentUid = this.#ports.ids.uuid();
    const run = await this.#enrol(request, agentUid).catch((error: unknown) =>
      this.#recordRefusal(error, idOf(request)),
    );
    const { use, certificate } = run;
    if (!use.ok || certificate === undefined) throw refused(use.ok ? 'unknown' : use.reason);
    const { clusterUid, clusterName } = use;
    const { installationUid, bundle, trust } = this.#facts;
    const { csr } = request;
    const payload = trust.at(-1)?.payload ?? new Uint8Array();
    return {
      installationUid,
      clusterUid,
      clusterName,
      agentUid,
      stateEpoch: this.#facts.stateEpoch(),
      epochKeys: [...bundle.epochKeys],
      caSignature: this.#ports.ca.signEnrolment({ csr, clusterName, trust: payload }),
      ...this.#trust(certificate),
    };
  }

  /** Who proves to hold the token, or shows it as older agents do, and whether it is good. */
  async #use(tx: Transaction, request: wire.EnrollRequest): Promise<JoinTokenUse> {
    const { joinToken: id, kubeSystemUid, csr, tokenProof } = request;
    const shown = readPresentedJoinToken(id);
    if (shown !== undefined) return tx.joinTokens.consume(shown.id, Buffer.from(shown.hash, 'hex'));
    const key = await tx.joinTokens.proofKey(id);
    if (key === undefined || !verifyJoinRequest(key, { id, kubeSystemUid, csr }, tokenProof)) {
      return { ok: false, reason: 'unknown' };
    }
    return tx.joinTokens.consumeProven(id, key);
  }

  async #enrol(
    request: wire.EnrollRequest,
    agentUid: string,
  ): Promise<{ readonly use: JoinTokenUse; readonly certificate?: AgentCertificate }> {
    const { value } = await this.#ports.unitOfWork.run({ actor: anonymous }, async (tx) => {
      const use = await this.#use(tx, request);
      if (!use.ok) {
        // Who does not even know the secret gets no line in the trail: anybody could fill it.
        if (use.reason === 'unknown') return { use } as const;
        tx.audit.record({
          type: 'join_token.refused',
          message: `A join token was refused: ${use.reason}`,
          details: { tokenId: idOf(request), reason: use.reason },
        });
        return { use } as const;
      }
      await tx.clusters.bindKubeSystemUid(use.clusterUid, request.kubeSystemUid);
      const certificate = await this.#issue(request.csr, use.clusterUid, agentUid);
      await tx.agents.enrol({
        agentUid,
        clusterUid: use.clusterUid,
        certificate: toRecord(certificate),
      });
      tx.audit.record({
        type: 'agent.enrolled',
        actor: { kind: 'agent', name: `agent/${use.clusterName}` },
        message: `An agent enrolled for cluster ${use.clusterName}`,
        cluster: use.clusterName,
        object: { kind: 'Agent', name: use.clusterName, uid: agentUid },
        details: {
          agentVersion: request.agentVersion,
          kubernetesVersion: request.kubernetesVersion,
        },
      });
      return { use, certificate } as const;
    });
    return value;
  }

  /** The refusal undid its transaction, the use of the token included: it is recorded in one of its own. */
  async #recordRefusal(error: unknown, tokenId: string): Promise<never> {
    if (!isAppError(error, 'wrong_cluster') && !isAppError(error, 'cluster_already_enrolled'))
      throw error;
    await this.#ports.unitOfWork.run({ actor: anonymous }, async (tx) =>
      tx.audit.record({
        type: 'join_token.refused',
        message: `A join token was refused: ${error.message}`,
        details: { tokenId, reason: error.code },
      }),
    );
    throw error;
  }

  /** Over a live certificate. Throws certificate_revoked, invalid_request. */
  async renew(request: wire.RenewRequest, call: AgentCall): Promise<wire.RenewResponse> {
    return this.#renew(call.peer.fingerprint, request.csr, async () => undefined);
  }

  /** Anybody may ask: what none of our CAs made costs no look into the database. */
  #fingerprintOf({ certificate }: { readonly certificate: Uint8Array }): string {
    if (!isIssuedBy(certificate, this.#facts.bundle.ca)) live(null);
    return certificateFingerprint(certificate);
  }

  /** A nonce that proves, signed by the old key, that it is still held. */
  async challenge(request: wire.RenewChallengeRequest): Promise<wire.RenewChallengeResponse> {
    const fingerprint = this.#fingerprintOf(request);
    const nonce = randomBytes(32);
    await this.#ports.unitOfWork.run({ actor: anonymous }, async (tx) => {
      renewable(await tx.agents.byFingerprint(fingerprint), this.#ports.clock.now());
      await tx.agents.insertNonce(hashOf(nonce), fingerprint, nonceMs);
    });
    return { nonce };
  }

  /** For a certificate that ended at most seven days ago. Throws certificate_revoked, certificate_expired, invalid_request. */
  async renewExpired(request: wire.RenewExpiredRequest): Promise<wire.RenewResponse> {
    const fingerprint = this.#fingerprintOf(request);
    return this.#renew(fingerprint, request.csr, async (tx, identity) => {
      renewable(identity, this.#ports.clock.now());
      const fresh = await tx.agents.consumeNonce(hashOf(request.nonce), fingerprint);
      if (!fresh || !verifyRenewal(request)) {
        throw new AppError(
          'certificate_expired',
          'The proof that the old key is still held is not valid.',
        );
      }
    });
  }

  async #renew(
    fingerprint: string,
    csr: Uint8Array,
    check: (tx: Transaction, identity: AgentIdentity) => Promise<void>,
  ): Promise<wire.RenewResponse> {
    const { value } = await this.#ports.unitOfWork.run({ actor: anonymous }, async (tx) => {
      const identity = live(await tx.agents.byFingerprint(fingerprint));
      if (identity.superseded) return { identity };
      await check(tx, identity);
      const { clusterUid, agentUid, clusterName } = identity;
      const certificate = await this.#issue(csr, clusterUid, agentUid);
      await tx.agents.addCertificate(agentUid, toRecord(certificate), fingerprint);
      tx.audit.record({
        type: 'agent.certificate_renewed',
        actor: { kind: 'agent', name: `agent/${clusterName}` },
        message: `The agent of cluster ${clusterName} renewed its certificate`,
        cluster: clusterName,
        object: { kind: 'Agent', name: clusterName, uid: agentUid },
      });
      return { identity, certificate };
    });
    if (value.certificate !== undefined) return this.#trust(value.certificate);
    await this.#ports.superseded.tell(value.identity, 'a renewal');
    throw notRenewable(value.identity);
  }

  #issue(csr: Uint8Array, clusterUid: string, agentUid: string): Promise<AgentCertificate> {
    const { ca, clock } = this.#ports;
    const { installationUid } = this.#facts;
    return ca.issueAgent({ csr, installationUid, clusterUid, agentUid, now: clock.now() });
  }

  #trust({ certificate }: AgentCertificate): wire.RenewResponse {
    const { bundle, trust } = this.#facts;
    return {
      certificateChain: [Buffer.from(certificate), Buffer.from(this.#ports.ca.certificate)],
      ca: [...bundle.ca],
      stateKeys: [...bundle.stateKeys],
      trust: [...trust],
    };
  }
}

const anonymous = { kind: 'anonymous', name: 'anonymous' } as const;
const idOf = ({ joinToken }: wire.EnrollRequest): string => joinToken.split('.')[0] ?? '';
const hashOf = (bytes: Uint8Array): Uint8Array => nodeDigests.sha256(bytes);

function toRecord({
  fingerprint,
  serial,
  notBefore,
  notAfter,
}: AgentCertificate): CertificateRecord {
  return { fingerprint, serial, notBefore, notAfter };
}

function refused(reason: (JoinTokenUse & { ok: false })['reason']): AppError {
  const why = {
    unknown: 'It is not known here: it was mistyped, revoked, or belongs to another installation.',
    used: 'It was used already; a token is good once. If the reply to the first use was lost, the token is spent all the same.',
    expired: 'Its time is over.',
  }[reason];
  return new AppError('join_token_invalid', 'This join token is not accepted.', {
    why,
    nextCommand: 'ambit cluster join-token NAME',
  });
}

function live(identity: AgentIdentity | null): AgentIdentity {
  if (identity !== null && identity.revokedAt === undefined) return identity;
  throw new AppError(
    'certificate_revoked',
    'The certificate of this agent is not accepted any more.',
    {
      ...(identity?.revokedBecause === undefined ? {} : { why: identity.revokedBecause }),
      nextCommand: `ambit cluster join-token ${identity?.clusterName ?? 'NAME'}`,
    },
  );
}

function renewable(found: AgentIdentity | null, now: number): void {
  const identity = live(found);
  if (!identity.superseded && now - identity.certificate.notAfter <= renewExpiredWithinMs) return;
  throw notRenewable(identity);
}

function notRenewable(identity: AgentIdentity): AppError {
  return new AppError('certificate_expired', 'This certificate can no longer be renewed.', {
    why: identity.superseded
      ? 'A later certificate of this agent is in use.'
      : 'It ended more than seven days ago.',
    nextCommand: `ambit cluster join-token ${identity.clusterName}`,
  });
}
