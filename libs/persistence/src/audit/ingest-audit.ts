import type { AuditEvent } from '@ambit/domain';
import { counted } from '@ambit/kernel';
import type { Millis } from '@ambit/kernel';
import { copyIn } from '../copy-in.ts';
import type { Database } from '../database.ts';
import type { Finished, OpenTransaction } from '../open-transaction.ts';
import { copyEvents, copyRows } from './copy-rows.ts';
import { central, writtenEvent, type WrittenEvent } from './event-row.ts';

/** What an agent's spool holds at one sequence number, or a gap that ends there. */
export type IngestRecord =
  | { readonly sequence: number; readonly event: WrittenEvent }
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
  readonly notes?: readonly WrittenEvent[];
  readonly newEventId: () => string;
  readonly at: Millis;
}

/** What of a batch was new. */
export interface StoredBatch {
  readonly events: number;
  /** How many of them are in the words of an agent. */
  readonly told: number;
  /** How many events are known to be missing; of a spool that began anew, one. */
  readonly lost: number;
  /** When the last of them happened, RFC 3339. */
  readonly newest: string | undefined;
}

export type IngestResult =
  | {
      /** Everything up to `sequence` is committed. */
      readonly type: 'ack';
      readonly sequence: number;
      readonly stored: StoredBatch;
    }
  | { readonly type: 'resend'; readonly fromSequence: number };

interface Cursor {
  readonly last: number;
  readonly updated: Date;
}

/** Locked until commit, so that two streams of one cluster take turns. A new epoch starts before its first event. */
async function lockCursor(
  open: OpenTransaction,
  batch: IngestBatch,
): Promise<{ last: number; isNew: boolean; at: Date }> {
  let [cursor] = await readCursor(open, batch);
  let isNew = false;
  if (cursor === undefined) {
    const made = await open.query(
      `INSERT INTO audit_cursor (cluster_uid, spool_epoch, last_seq, updated_at) VALUES ($1, $2, 0, $3)
       ON CONFLICT DO NOTHING RETURNING last_seq`,
      [batch.clusterUid, batch.spoolEpoch, new Date(batch.at)],
    );
    isNew = made.length > 0;
    [cursor] = await readCursor(open, batch);
  }
  if (cursor === undefined) throw new Error('the cursor of a spool went while it was locked');
  // A batch that waited for another one came after it, whatever its clock said when it began to wait.
  const at = new Date(Math.max(batch.at, cursor.updated.getTime()));
  return { last: cursor.last, isNew, at };
}

function readCursor(open: OpenTransaction, batch: IngestBatch): Promise<Cursor[]> {
  return open.query<Cursor>(
    `SELECT last_seq AS last, updated_at AS updated FROM audit_cursor WHERE cluster_uid = $1 AND spool_epoch = $2 FOR UPDATE`,
    [batch.clusterUid, batch.spoolEpoch],
  );
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
  readonly events: WrittenEvent[];
  last: number;
  lost: number;
}

/** Takes records as long as they follow each other. False at the first that leaves something out. */
function take(batch: IngestBatch, record: IngestRecord, taken: Taken): boolean {
  const next = taken.last + 1;
  if ('gap' in record) {
    const { first, last, reason } = record.gap;
    if (last < next) return true;
    if (first > next) return false;
    taken.events.push(writtenEvent(gapEvent(batch, { first: next, last, reason })));
    taken.lost += last - next + 1;
    taken.last = last;
    return true;
  }
  if (record.sequence < next) return true;
  if (record.sequence > next) return false;
  taken.events.push(record.event);
  taken.last = record.sequence;
  return true;
}

/**
 * Stores what is new of a batch and moves the cursor in one transaction; an `ack` is committed. Records at or below the
 * cursor are skipped, so a batch may come any number of times. Throws database_unavailable: then the agent sends it again.
 */
export async function ingestAudit(
  database: Pick<Database, 'sealed'>,
  batch: IngestBatch,
): Promise<IngestResult> {
  const { value } = await database.sealed(async (open): Promise<Finished<IngestResult>> => {
    const cursor = await lockCursor(open, batch);
    const taken: Taken = { events: [...(batch.notes ?? [])], last: cursor.last, lost: 0 };
    if (cursor.isNew && (await hasOtherEpoch(open, batch))) {
      taken.events.push(writtenEvent(gapEvent(batch, { reason: 'new_spool' })));
      taken.lost++;
    }
    const follows = batch.records.every((record) => take(batch, record, taken));
    if (taken.events.length > 0) {
      await copyIn(open.client, copyEvents, await copyRows(taken.events, cursor.at));
    }
    const { clusterUid, spoolEpoch } = batch;
    return {
      value: follows
        ? { type: 'ack', sequence: taken.last, stored: storedBatch(taken) }
        : { type: 'resend', fromSequence: taken.last + 1 },
      seal: {
        text: 'UPDATE audit_cursor SET last_seq = $3, updated_at = $4 WHERE cluster_uid = $1 AND spool_epoch = $2',
        values: [clusterUid, spoolEpoch, taken.last, cursor.at],
      },
    };
  });
  return value;
}

function storedBatch({ events, lost }: Taken): StoredBatch {
  const told = events.filter(({ reported_by }) => reported_by !== central).length;
  return { events: events.length, told, lost, newest: events.at(-1)?.time };
}

/** The first spool of a cluster begins with its first event; every later one may have lost some of the one before. */
async function hasOtherEpoch(open: OpenTransaction, batch: IngestBatch): Promise<boolean> {
  const rows = await open.query(
    'SELECT 1 FROM audit_cursor WHERE cluster_uid = $1 AND spool_epoch <> $2 LIMIT 1',
    [batch.clusterUid, batch.spoolEpoch],
  );
  return rows.length > 0;
}
