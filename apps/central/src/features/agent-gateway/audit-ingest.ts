import { AppError, toAppError, instantMillis, Seldom } from '@ambit/kernel';
import type { Clock, Ids, Logger } from '@ambit/kernel';
import type { Meters, centralMetrics } from '@ambit/observability';
import { auditBatchProblem } from '@ambit/protocol';
import type { ReceivedAuditBatch } from '@ambit/protocol';
import { ingestAuditPiecewise, readIngestFacts } from '@ambit/persistence';
import type { AgentIdentity, Database, IngestResult } from '@ambit/persistence';
import type { AgentCall, AuditStream } from '@ambit/transport';
import type { AdmitAgent } from './admit-agent.ts';
import { BatchChain } from './batch-chain.ts';
import { judgeBatch, unstorableEvent } from './judge-batch.ts';
import type { BatchDoubt } from './judge-batch.ts';
import { PacedStream } from './paced-stream.ts';
import type { Pace } from './paced-stream.ts';
import type { RevocationWatch } from '../../platform/revocation-watch.ts';

/** Events; above what writing RBAC objects tells, and what was kept while central was away is taken in minutes. */
/** What an agent does wrong each second makes one line in this time. */
const sayAgainMs = 600_000;
const eventPace: Pace = { perSecond: 1_000, burst: 512 };

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
      message: (batch) => {
        pace.count(batch.records.length);
        const chained = chain.follows(batch);
        work = work
          .then(async () => {
            await identity;
            // Again for each batch: a later certificate of this agent may have come into use.
            if (!over)
              await this.#take(stream, await this.#ports.admit.identify(call.peer), batch, chained);
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
    batch: ReceivedAuditBatch,
    chained: boolean,
  ): Promise<void> {
    const problem = auditBatchProblem(batch, batch.bytes);
    if (problem !== undefined) throw new AppError('invalid_request', problem);
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
    { spoolEpoch, records }: ReceivedAuditBatch,
    chained: boolean,
  ): Promise<IngestResult> {
    const { database, trail, clock, ids } = this.#ports;
    const facts = await readIngestFacts(database, clusterUid);
    const receivedAt = clock.now();
    const origin = { clusterUid, clusterName, spoolEpoch, receivedAt, chained, ...facts };
    const { batch, doubts } = judgeBatch(records, origin, ids);
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

  #count(cluster: string, stored: (IngestResult & { type: 'ack' })['stored']): void {
    const { meters, clock, tail } = this.#ports;
    const newest = stored.at(-1);
    if (newest === undefined) return;
    const told = stored.filter(({ reportedBy }) => reportedBy !== undefined).length;
    meters.auditEvents.inc({ cluster }, told);
    const lost = stored.filter(({ type }) => type === 'audit.gap').map(lostBy);
    if (lost.length > 0) {
      const total = lost.reduce((sum, count) => sum + count, 0);
      meters.auditGapEvents.inc({ cluster }, total);
    }
    const lagMs = clock.now() - instantMillis(newest.time);
    meters.auditLag.set({ cluster }, Math.max(0, lagMs) / 1000);
    tail.wake();
  }
}

/** A spool that began anew may have lost any number: it counts as one. */
function lostBy({ details }: { readonly details?: Readonly<Record<string, unknown>> }): number {
  const lost = details?.['lost'];
  return typeof lost === 'number' ? lost : 1;
}
