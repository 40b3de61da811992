import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import type { AuditEvent } from '@ambit/domain';
import { counted } from '@ambit/kernel';
import type { Millis } from '@ambit/kernel';
import { from as copyFrom } from 'pg-copy-streams';
import type { Database } from '../database.ts';
import type { OpenTransaction } from '../open-transaction.ts';
import { one } from '../sql.ts';
import { eventColumns, insertEvents, toEventRow } from './event-row.ts';

/** What an agent's spool holds at one sequence number, or a gap that ends there. */
export type IngestRecord =
  | { readonly sequence: number; readonly event: AuditEvent }
  | {
      readonly sequence: number;
      readonly gap: { readonly first: number; readonly last: number; readonly reason: string };
    };

export interface IngestBatch {
  readonly clusterUid: string;
  readonly clusterName: string;
  readonly spoolEpoch: string;
  /** Ascending sequence numbers, counted from 1 in each spool epoch. */
  readonly records: readonly IngestRecord[];
  /** What central has to say of the batch itself; stored before its events. */
  readonly notes?: readonly AuditEvent[];
  readonly newEventId: () => string;
  readonly at: Millis;
}

export type IngestResult =
  | {
      /** Everything up to `sequence` is committed. */
      readonly type: 'ack';
      readonly sequence: number;
      readonly stored: readonly AuditEvent[];
    }
  | { readonly type: 'resend'; readonly fromSequence: number };

/** Up to here one INSERT is as fast as starting a COPY. */
const copyFromRows = 50;

/** Locked until commit, so that two streams of one cluster take turns. A new epoch starts before its first event. */
async function lockCursor(
  open: OpenTransaction,
  batch: IngestBatch,
): Promise<{ last: number; isNew: boolean; at: Date }> {
  const made = await open.query(
    `INSERT INTO audit_cursor (cluster_uid, spool_epoch, last_seq, updated_at) VALUES ($1, $2, 0, $3)
     ON CONFLICT DO NOTHING RETURNING last_seq`,
    [batch.clusterUid, batch.spoolEpoch, new Date(batch.at)],
  );
  const { last, updated } = await one<{ last: number; updated: Date }>(
    open,
    `SELECT last_seq AS last, updated_at AS updated FROM audit_cursor WHERE cluster_uid = $1 AND spool_epoch = $2 FOR UPDATE`,
    [batch.clusterUid, batch.spoolEpoch],
  );
  // A batch that waited for another one came after it, whatever its clock said when it began to wait.
  const at = new Date(Math.max(batch.at, updated.getTime()));
  return { last, isNew: made.length > 0, at };
}

function gapEvent(
  batch: IngestBatch,
  gap: { readonly first?: number; readonly last?: number; readonly reason: string },
): AuditEvent {
  const { first, last, reason } = gap;
  const lost = first === undefined || last === undefined ? undefined : last - first + 1;
  return {
    id: batch.newEventId(),
    time: new Date(batch.at).toISOString(),
    type: 'audit.gap',
    actor: { kind: 'agent', name: `agent/${batch.clusterName}` },
    message:
      lost === undefined
        ? `The audit spool of ${batch.clusterName} began anew: events before it may be missing.`
        : `${counted(lost, 'audit event')} of ${batch.clusterName} ${lost === 1 ? 'is' : 'are'} lost (${reason}).`,
    cluster: batch.clusterName,
    details: {
      reason,
      spoolEpoch: batch.spoolEpoch,
      ...(lost === undefined ? {} : { lost, firstSequence: first ?? 0, lastSequence: last ?? 0 }),
    },
  };
}

interface Taken {
  readonly events: AuditEvent[];
  last: number;
}

/** Takes records as long as they follow each other. False at the first that leaves something out. */
function take(batch: IngestBatch, record: IngestRecord, taken: Taken): boolean {
  const next = taken.last + 1;
  if ('gap' in record) {
    const { first, last, reason } = record.gap;
    if (last < next) return true;
    if (first > next) return false;
    taken.events.push(gapEvent(batch, { first: next, last, reason }));
    taken.last = last;
    return true;
  }
  if (record.sequence < next) return true;
  if (record.sequence > next) return false;
  taken.events.push(record.event);
  taken.last = record.sequence;
  return true;
}

const copyEscapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function copyField(value: string | null): string {
  return value === null ? '\\N' : value.replace(/[\\\n\r\t]/g, (found) => copyEscapes[found] ?? '');
}

function* copyLines(events: readonly AuditEvent[], at: Date): Generator<string> {
  const received = at.toISOString();
  for (const event of events) {
    const row = toEventRow(event);
    const { type, actor, cluster, object_kind, object_name, reported_by } = row;
    const fields = [received, type, actor, cluster, object_kind, object_name, reported_by];
    yield `${[...fields, JSON.stringify(row.event)].map(copyField).join('\t')}\n`;
  }
}

async function store(
  open: OpenTransaction,
  events: readonly AuditEvent[],
  at: Date,
): Promise<void> {
  if (events.length < copyFromRows) return insertEvents(open, events, at);
  const sink = open.client.query(
    copyFrom(`COPY audit_events (received_at, ${eventColumns}) FROM STDIN`),
  );
  await pipeline(Readable.from(copyLines(events, at)), sink);
}

/**
 * Stores what is new of a batch and moves the cursor in one transaction; an `ack` is committed. Records at or below the
 * cursor are skipped, so a batch may come any number of times. Throws database_unavailable: then the agent sends it again.
 */
export function ingestAudit(database: Database, batch: IngestBatch): Promise<IngestResult> {
  return database.transaction(async (open): Promise<IngestResult> => {
    const cursor = await lockCursor(open, batch);
    const taken: Taken = { events: [...(batch.notes ?? [])], last: cursor.last };
    if (cursor.isNew && (await hasOtherEpoch(open, batch))) {
      taken.events.push(gapEvent(batch, { reason: 'new_spool' }));
    }
    const follows = batch.records.every((record) => take(batch, record, taken));
    await store(open, taken.events, cursor.at);
    await open.query(
      'UPDATE audit_cursor SET last_seq = $3, updated_at = $4 WHERE cluster_uid = $1 AND spool_epoch = $2',
      [batch.clusterUid, batch.spoolEpoch, taken.last, cursor.at],
    );
    if (!follows) return { type: 'resend', fromSequence: taken.last + 1 };
    return { type: 'ack', sequence: taken.last, stored: taken.events };
  });
}

/** The first spool of a cluster begins with its first event; every later one may have lost some of the one before. */
async function hasOtherEpoch(open: OpenTransaction, batch: IngestBatch): Promise<boolean> {
  const rows = await open.query(
    'SELECT 1 FROM audit_cursor WHERE cluster_uid = $1 AND spool_epoch <> $2 LIMIT 1',
    [batch.clusterUid, batch.spoolEpoch],
  );
  return rows.length > 0;
}
