import { AppError } from '@ambit/kernel';
import type { Clock, Ids, Logger } from '@ambit/kernel';
import type { Meters, centralMetrics } from '@ambit/observability';
import { auditBatchProblem } from '@ambit/protocol';
import type { ReceivedAuditBatch } from '@ambit/protocol';
import { ingestAudit } from '@ambit/persistence';
import type { AgentIdentity, Database, IngestRecord, IngestResult } from '@ambit/persistence';
import type { AgentCall, AuditStream } from '@ambit/transport';
import type { AdmitAgent } from './admit-agent.ts';
import { eventOf } from './agent-event.ts';
import type { RevocationWatch } from './revocation-watch.ts';

export interface AuditIngestPorts {
  readonly database: Database;
  readonly admit: Pick<AdmitAgent, 'identify'>;
  readonly revocations: RevocationWatch;
  /** Told when events were stored. */
  readonly tail: { wake(): void };
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly meters: Pick<
    Meters<typeof centralMetrics>,
    'auditEvents' | 'auditGapEvents' | 'auditLag'
  >;
}

/** Takes audit events from agents: a batch is acknowledged when it is committed, never before. */
export class AuditIngest {
  readonly #ports: AuditIngestPorts;
  readonly #working = new Set<Promise<unknown>>();

  constructor(ports: AuditIngestPorts) {
    this.#ports = ports;
  }

  /** Serves one `Audit.Push` stream, one batch at a time and in order, until the agent is revoked. */
  push(stream: AuditStream, call: AgentCall): void {
    let over = false;
    let unwatch = (): void => undefined;
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
      if (!over) unwatch = this.#ports.revocations.watch(found.agentUid, revoked);
      return found;
    });
    let work: Promise<unknown> = identity.catch(fail);
    stream.listen({
      message: (batch) => {
        stream.pause();
        work = work
          .then(async () => (over ? undefined : this.#take(stream, await identity, batch)))
          .then(() => stream.resume())
          .catch(fail);
        this.#working.add(work);
        const done = work;
        void done.finally(() => this.#working.delete(done));
      },
      closed: () => {
        over = true;
        unwatch();
      },
    });
  }

  /** Resolves when no batch is being stored. */
  async settled(): Promise<void> {
    while (this.#working.size > 0) await Promise.all(this.#working);
  }

  async #take(
    stream: AuditStream,
    identity: AgentIdentity,
    batch: ReceivedAuditBatch,
  ): Promise<void> {
    const problem = auditBatchProblem(batch, batch.bytes);
    if (problem !== undefined) throw new AppError('invalid_request', problem);
    const { clusterUid, clusterName } = identity;
    const { spoolEpoch } = batch;
    const result = await ingestAudit(this.#ports.database, {
      clusterUid,
      clusterName,
      spoolEpoch,
      records: batch.records.map((record) => toIngest(record, clusterName)),
      newEventId: () => this.#ports.ids.uuid(),
      at: this.#ports.clock.now(),
    });
    if (result.type === 'resend') {
      const { fromSequence } = result;
      stream.outbox.control({ reply: 'resend', resend: { spoolEpoch, fromSequence } });
      return;
    }
    this.#count(clusterName, result.stored);
    stream.outbox.control({ reply: 'ack', ack: { spoolEpoch, sequence: result.sequence } });
  }

  #count(cluster: string, stored: (IngestResult & { type: 'ack' })['stored']): void {
    const { meters, clock, tail } = this.#ports;
    const newest = stored.at(-1);
    if (newest === undefined) return;
    meters.auditEvents.inc({ cluster }, stored.length);
    const lost = stored.filter(({ type }) => type === 'audit.gap').map(lostBy);
    if (lost.length > 0) {
      const total = lost.reduce((sum, count) => sum + count, 0);
      meters.auditGapEvents.inc({ cluster }, total);
    }
    const lagMs = clock.now() - Date.parse(newest.time);
    meters.auditLag.set({ cluster }, Math.max(0, lagMs) / 1000);
    tail.wake();
  }
}

/** A spool that began anew may have lost any number: it counts as one. */
function lostBy({ details }: { readonly details?: Readonly<Record<string, unknown>> }): number {
  const lost = details?.['lost'];
  return typeof lost === 'number' ? lost : 1;
}

/** An event that this version cannot read becomes a gap of one: it is announced, not dropped. */
function toIngest(record: ReceivedAuditBatch['records'][number], cluster: string): IngestRecord {
  const { sequence } = record;
  if (record.content === 'gap') {
    const { firstSequence, lastSequence, reason } = record.gap;
    return { sequence, gap: { first: firstSequence, last: lastSequence, reason } };
  }
  const event = record.content === 'event' ? eventOf(record.event, cluster) : undefined;
  if (event !== undefined) return { sequence, event };
  return { sequence, gap: { first: sequence, last: sequence, reason: 'unreadable' } };
}
