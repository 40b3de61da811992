import type { AuditEvent } from '@ambit/domain';
import { checkedLimit, cutPage, decodePlace, encodePlace, type Page } from '../queries/page.ts';
import { SqlConditions } from '../queries/sql-conditions.ts';
import type { Sql } from '../sql.ts';
import { addAuditFilter, type AuditFilter } from './audit-filter.ts';
import { storedColumns, type StoredEvent, toStoredEvent } from './event-row.ts';

export interface AuditQuery extends AuditFilter {
  /** 1 to 500. */
  readonly limit: number;
  readonly continue?: string;
}

interface Row {
  readonly position: number;
  readonly received: string;
  readonly received_at: Date;
  readonly reported_by: string;
  readonly event: AuditEvent;
}

/** Newest first, by arrival. Throws invalid_request. */
export async function listAudit(sql: Sql, query: AuditQuery): Promise<Page<StoredEvent>> {
  const limit = checkedLimit(query.limit);
  const conditions = new SqlConditions();
  if (query.continue !== undefined) {
    const [received, position] = decodePlace('audit', query.continue, 2);
    const place = [conditions.value(received), conditions.value(position)];
    conditions.add(`(t.received_at, t.position) < (${place[0]}::timestamptz, ${place[1]}::bigint)`);
  }
  addAuditFilter(conditions, query);
  const rows = await sql.query<Row>(
    `SELECT t.position, t.received_at::text AS received, ${storedColumns} FROM audit_events t
     ${conditions.where()} ORDER BY t.received_at DESC, t.position DESC LIMIT ${limit + 1}`,
    conditions.values,
  );
  return cutPage(
    rows,
    limit,
    toStoredEvent,
    // The text keeps the microseconds that a JavaScript date loses.
    (row) => encodePlace('audit', [row.received, row.position]),
  );
}
