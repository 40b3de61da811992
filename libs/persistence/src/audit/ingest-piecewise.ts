import type { Millis } from '@ambit/kernel';
import type { Database } from '../database.ts';
import { isRowRefused } from '../database-error.ts';
import { one, type Sql } from '../sql.ts';
import type { WrittenEvent } from './event-row.ts';
import {
  ingestAudit,
  type IngestBatch,
  type IngestRecord,
  type IngestResult,
  type StoredBatch,
} from './ingest-audit.ts';

/** What an event of an agent is held against. */
export interface IngestFacts {
  /** No revision above it exists yet. */
  readonly headRevision: number;
  readonly clusterCreatedAt: Millis;
}

/** Read after the batch came, so that nothing in it is honestly newer. */
export async function readIngestFacts(sql: Sql, clusterUid: string): Promise<IngestFacts> {
  const row = await one<{ head: number; created: Date }>(
    sql,
    `SELECT h.revision AS head, c.created_at AS created FROM policy_head h, clusters c WHERE c.uid = $1`,
    [clusterUid],
  );
  return { headRevision: row.head, clusterCreatedAt: row.created.getTime() };
}

/**
 * As `ingestAudit`; when the database refuses the batch, its records are stored one by one, and in place of what is
 * refused even so `instead` is stored. Throws when the database cannot be asked: then the agent sends the batch again.
 */
export async function ingestAuditPiecewise(
  database: Pick<Database, 'sealed'>,
  batch: IngestBatch,
  instead: (sequence: number, error: unknown) => WrittenEvent,
): Promise<IngestResult> {
  try {
    return await ingestAudit(database, batch);
  } catch (error) {
    if (!isRowRefused(error)) throw error;
  }
  let stored: StoredBatch = { events: 0, told: 0, lost: 0, newest: undefined };
  let { notes = [] } = batch;
  let sequence = 0;
  for (const record of batch.records) {
    const piece = { ...batch, records: [record], notes };
    const result = await ingestOne(database, piece, record, instead);
    if (result.type === 'resend') return result;
    notes = [];
    sequence = result.sequence;
    stored = together(stored, result.stored);
  }
  return { type: 'ack', sequence, stored };
}

function together(former: StoredBatch, later: StoredBatch): StoredBatch {
  return {
    events: former.events + later.events,
    told: former.told + later.told,
    lost: former.lost + later.lost,
    newest: later.newest ?? former.newest,
  };
}

async function ingestOne(
  database: Pick<Database, 'sealed'>,
  piece: IngestBatch,
  { sequence }: IngestRecord,
  instead: (sequence: number, error: unknown) => WrittenEvent,
): Promise<IngestResult> {
  try {
    return await ingestAudit(database, piece);
  } catch (error) {
    if (!isRowRefused(error)) throw error;
    const records = [{ sequence, event: instead(sequence, error) }];
    return ingestAudit(database, { ...piece, records });
  }
}
