import type { JoinToken, JoinTokenCreated } from '@ambit/contracts';
import type { Clock, Millis } from '@ambit/kernel';
import { findCluster, listJoinTokens } from '@ambit/persistence';
import type { ClusterRecord, Database, JoinTokenRecord, UnitOfWork } from '@ambit/persistence';
import { hashJoinToken, joinProofKey, makeJoinToken } from '@ambit/transport';
import { auditActor, principalName } from '../../platform/actor.ts';
import type { Actor } from '../../platform/actor.ts';
import { found, timestamp } from '../../platform/object-response.ts';
import { requireRight } from '../policy/public.ts';

interface Caller {
  readonly actor: Actor;
  readonly requestId: string;
}

/** Where agents reach central, and the pin of the CA that they check there. */
export interface JoinFacts {
  readonly caPin: string;
  readonly agentAddress: string;
}

/** Join tokens: made once and shown once, good for one agent of one cluster. */
export class JoinTokens {
  readonly #unitOfWork: UnitOfWork;
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #facts: JoinFacts;

  constructor(
    ports: { readonly unitOfWork: UnitOfWork; readonly database: Database; readonly clock: Clock },
    facts: JoinFacts,
  ) {
    this.#unitOfWork = ports.unitOfWork;
    this.#database = ports.database;
    this.#clock = ports.clock;
    this.#facts = facts;
  }

  /** Throws `not_found`. */
  async create(caller: Caller, clusterName: string, ttlMs: Millis): Promise<JoinTokenCreated> {
    const cluster = await this.#cluster(clusterName);
    const made = makeJoinToken(this.#facts.caPin);
    const writes = writer(caller);
    const { value } = await this.#unitOfWork.run(writes, async (tx) => {
      await requireRight(tx, writes.actor, 'join-tokens:write');
      tx.audit.record({
        type: 'join_token.created',
        message: `A join token for cluster ${clusterName} was made`,
        cluster: clusterName,
        details: { tokenId: made.id, ttlSeconds: ttlMs / 1000 },
      });
      return tx.joinTokens.insert({
        id: made.id,
        secretHash: Buffer.from(hashJoinToken(made.presented), 'hex'),
        proofKey: joinProofKey(made.presented),
        clusterUid: cluster.uid,
        createdBy: principalName(caller.actor.principal),
        ttlMs,
      });
    });
    return {
      kind: 'JoinTokenCreated',
      id: made.id,
      cluster: clusterName,
      token: made.text,
      agentAddress: this.#facts.agentAddress,
      createdAt: timestamp(value.createdAt),
      expiresAt: timestamp(value.expiresAt),
    };
  }

  async list(clusterName: string): Promise<JoinToken[]> {
    const cluster = await this.#cluster(clusterName);
    const records = await listJoinTokens(this.#database, cluster.uid);
    return records.map((record) => this.#response(record, clusterName));
  }

  /** Throws `not_found`. */
  async revoke(caller: Caller, clusterName: string, id: string): Promise<JoinToken> {
    const cluster = await this.#cluster(clusterName);
    const writes = writer(caller);
    const { value } = await this.#unitOfWork.run(writes, async (tx) => {
      await requireRight(tx, writes.actor, 'join-tokens:write');
      const record = await tx.joinTokens.revoke(id, cluster.uid);
      if (record.usedAt !== undefined) return record;
      tx.audit.record({
        type: 'join_token.revoked',
        message: `A join token for cluster ${clusterName} was revoked`,
        cluster: clusterName,
        details: { tokenId: id },
      });
      return record;
    });
    const response = this.#response(value, clusterName);
    return response.state === 'unused' ? { ...response, state: 'revoked' } : response;
  }

  async #cluster(name: string): Promise<ClusterRecord> {
    return found(await findCluster(this.#database, name), 'Cluster', name);
  }

  #response(record: JoinTokenRecord, cluster: string): JoinToken {
    const expired = record.expiresAt <= this.#clock.now();
    return {
      id: record.id,
      cluster,
      state: record.usedAt !== undefined ? 'used' : expired ? 'expired' : 'unused',
      createdBy: record.createdBy,
      createdAt: timestamp(record.createdAt),
      expiresAt: timestamp(record.expiresAt),
      ...(record.usedAt === undefined ? {} : { usedAt: timestamp(record.usedAt) }),
    };
  }
}

const writer = ({
  actor,
  requestId,
}: Caller): { actor: ReturnType<typeof auditActor>; requestId: string } => ({
  actor: auditActor(actor),
  requestId,
});
