import type { AuditEvent } from '@ambit/domain';
import type { Millis } from '@ambit/kernel';
import type { Database } from '../database.ts';
import { isRowRefused } from '../database-error.ts';
import { one, type Sql } from '../sql.ts';
import {
  ingestAudit,
  type IngestBatch,
  type IngestRecord,
  type IngestResult,
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
  database: Database,
  batch: IngestBatch,
  instead: (sequence: number, error: unknown) => AuditEvent,
): Promise<IngestResult> {
  try {
    return await ingestAudit(database, batch);
  } catch (error) {
    if (!isRowRefused(error)) throw error;
  }
  const stored: AuditEvent[] = [];
  let { notes = [] } = batch;
  let sequence = 0;
  for (const record of batch.records) {
    const piece = { ...batch, records: [record], notes };
    const result = await ingestOne(database, piece, record, instead);
    if (result.type === 'resend') return result;
    notes = [];
    sequence = result.sequence;
    stored.push(...result.stored);
  }
  return { type: 'ack', sequence, stored };
}

async function ingestOne(
  database: Database,
  piece: IngestBatch,
  { sequence }: IngestRecord,
  instead: (sequence: number, error: unknown) => AuditEvent,
): Promise<IngestResult> {
  try {
    return await ingestAudit(database, piece);
  } catch (error) {
    if (!isRowRefused(error)) throw error;
    const records = [{ sequence, event: instead(sequence, error) }];
    return ingestAudit(database, { ...piece, records });
  }
}
