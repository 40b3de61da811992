import { AppError, toAppError, instantMillis, Seldom } from '@ambit/kernel';
import type { Clock, Ids, Logger } from '@ambit/kernel';
import type { Meters, centralMetrics } from '@ambit/observability';
import type { wire } from '@ambit/protocol';
import { ingestAuditPiecewise, readIngestFacts } from '@ambit/persistence';
import type { AgentIdentity, Database, IngestResult, StoredBatch } from '@ambit/persistence';
import type { AgentCall, AuditStream } from '@ambit/transport';
import { Gate } from '../../platform/gate.ts';
import type { AdmitAgent } from './admit-agent.ts';
import { BatchChain } from './batch-chain.ts';
import { readBatch } from './from-agents.ts';
import { judgeBatch, unstorableEvent } from './judge-batch.ts';
import type { BatchDoubt } from './judge-batch.ts';
import { PacedStream } from './paced-stream.ts';
import type { Pace } from './paced-stream.ts';
import type { RevocationWatch } from '../../platform/revocation-watch.ts';

/** What an agent does wrong each second makes one line in this time. */
const sayAgainMs = 600_000;
/** Events; above what writing RBAC objects tells, and what was kept while central was away is taken in minutes. */
const eventPace: Pace = { perSecond: 1_000, burst: 512 };

/**
 * Batches that are worked on at a time, of all agents: the database has not more to gain from more of them, and what is
 * begun lies in memory until it is stored.
 */
const mostStoring = 3;

export interface AuditIngestPorts {
  readonly database: Database;
  /** Where events are added, as a role that may do nothing else. */
  readonly trail: Database;
  readonly admit: Pick<AdmitAgent, 'identify'>;
  readonly revocations: RevocationWatch;
  /** Told when events were stored. */
  readonly tail: { wake(): void };
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly meters: Pick<
    Meters<typeof centralMetrics>,
    'auditEvents' | 'auditEventsRefused' | 'auditGapEvents' | 'auditLag'
  >;
}

/** Takes audit events from agents: a batch is acknowledged when it is committed, never before. */
export class AuditIngest {
  readonly #ports: AuditIngestPorts;
  readonly #working = new Set<Promise<unknown>>();
  readonly #seldom: Seldom;
  readonly #storing = new Gate(mostStoring);
  /** Ends the stream that an agent has; a second one would get a share of its own. */
  readonly #uploads = new Map<string, (error: AppError) => void>();

  constructor(ports: AuditIngestPorts) {
    this.#ports = ports;
    this.#seldom = new Seldom(ports.clock, sayAgainMs);
  }

  /** Serves one `Audit.Push` stream, one batch at a time and in order, until the agent is revoked. */
  push(stream: AuditStream, call: AgentCall): void {
    const chain = new BatchChain();
    const pace = new PacedStream(stream, eventPace);
    let over = false;
    const atEnd: (() => void)[] = [];
    const fail = (error: unknown): void => {
      if (over) return;
      const { requestId } = call;
      this.#ports.logger.warn('an audit stream was ended', { requestId, error });
      stream.fail(
        error instanceof AppError
          ? error
          : new AppError('internal', 'Something went wrong on our side.'),
      );
    };
    const identity = this.#ports.admit.identify(call.peer).then((found) => {
      const revoked = (): void =>
        fail(new AppError('certificate_revoked', 'The certificate of this agent was revoked.'));
      if (over) return found;
      atEnd.push(this.#replaceUpload(found.agentUid, fail));
      atEnd.push(this.#ports.revocations.watch(found.agentUid, revoked));
      return found;
    });
    let work: Promise<unknown> = identity.catch(fail);
    stream.listen({
      message: (received) => {
        work = work
          .then(async () => {
            await identity;
            await this.#storing.run(async () => {
              if (over) return;
              const batch = readBatch(received);
              pace.count(batch.records.length);
              const chained = chain.follows(batch, received.bytes);
              // Again for each batch: a later certificate of this agent may have come into use.
              const agent = await this.#ports.admit.identify(call.peer);
              await this.#take(stream, agent, batch, chained);
            });
          })
          .catch(fail);
        pace.hold(work);
        this.#working.add(work);
        const done = work;
        void done.finally(() => this.#working.delete(done));
      },
      closed: () => {
        over = true;
        for (const undo of atEnd) undo();
      },
    });
  }

  /** Resolves when no batch is being stored. */
  async settled(): Promise<void> {
    while (this.#working.size > 0) await Promise.all(this.#working);
  }

  /** A newer stream of an agent takes the place of the one it has. */
  #replaceUpload(agentUid: string, fail: (error: AppError) => void): () => void {
    const message = 'A newer audit stream of this agent took its place.';
    this.#uploads.get(agentUid)?.(new AppError('already_exists', message));
    this.#uploads.set(agentUid, fail);
    return () => {
      if (this.#uploads.get(agentUid) === fail) this.#uploads.delete(agentUid);
    };
  }

  async #take(
    stream: AuditStream,
    identity: AgentIdentity,
    batch: wire.AuditBatch,
    chained: boolean,
  ): Promise<void> {
    const { clusterName } = identity;
    const { spoolEpoch } = batch;
    const result = await this.#store(identity, batch, chained);
    if (result.type === 'resend') {
      const { fromSequence } = result;
      stream.outbox.control({ reply: 'resend', resend: { spoolEpoch, fromSequence } });
      return;
    }
    this.#count(clusterName, result.stored);
    stream.outbox.control({ reply: 'ack', ack: { spoolEpoch, sequence: result.sequence } });
  }

  async #store(
    { clusterUid, clusterName }: AgentIdentity,
    { spoolEpoch, records }: wire.AuditBatch,
    chained: boolean,
  ): Promise<IngestResult> {
    const { database, trail, clock, ids } = this.#ports;
    const facts = await readIngestFacts(database.prepared, clusterUid);
    const receivedAt = clock.now();
    const origin = { clusterUid, clusterName, spoolEpoch, receivedAt, chained, ...facts };
    const { batch, doubts } = await judgeBatch(records, origin, ids);
    const result = await ingestAuditPiecewise(trail, batch, (sequence, error) => {
      this.#doubted(clusterName, 'unstorable', 1);
      return unstorableEvent(origin, sequence, toAppError(error).code);
    });
    for (const [reason, times] of doubts) this.#doubted(clusterName, reason, times);
    return result;
  }

  #doubted(cluster: string, reason: BatchDoubt, times: number): void {
    const { meters, logger } = this.#ports;
    meters.auditEventsRefused.inc({ cluster, reason }, times);
    const before = this.#seldom.passes(`${cluster}/${reason}`);
    if (before === undefined) return;
    const message = 'audit events of an agent were refused or marked';
    logger.warn(message, { cluster, reason, times, before });
  }

  #count(cluster: string, { events, told, lost, newest }: StoredBatch): void {
    const { meters, clock, tail } = this.#ports;
    if (events === 0 || newest === undefined) return;
    meters.auditEvents.inc({ cluster }, told);
    if (lost > 0) meters.auditGapEvents.inc({ cluster }, lost);
    const lagMs = clock.now() - instantMillis(newest);
    meters.auditLag.set({ cluster }, Math.max(0, lagMs) / 1000);
    tail.wake();
  }
}
