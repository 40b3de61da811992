import type { AuditEvent } from '@ambit/domain';
import { decodePlace, encodePlace } from '../queries/page.ts';
import { SqlConditions } from '../queries/sql-conditions.ts';
import type { Sql } from '../sql.ts';
import { addAuditFilter, addTimes, type AuditFilter } from './audit-filter.ts';
import { storedColumns } from './event-row.ts';

/** An event as lists read it. */
export interface ListedRow {
  readonly position: number;
  /** The text keeps the microseconds that a JavaScript date loses. */
  readonly received: string;
  readonly received_at: Date;
  readonly reported_by: string;
  readonly event: AuditEvent;
}

/** What is asked of the trail: the newest that the filter wants, or those behind a place. */
export interface AuditAsk {
  readonly limit: number;
  readonly place: string | undefined;
  readonly filter: AuditFilter;
}

/** The order of every list. */
export const newestFirst = 'ORDER BY t.received_at DESC, t.position DESC';

/** The statement that reads events; whoever calls it adds the order and a limit. */
export function selectEvents(conditions: SqlConditions): string {
  return `SELECT t.position, t.received_at::text AS received, ${storedColumns} FROM audit_events t ${conditions.where()}`;
}

/** Where the events behind this one are. */
export const placeText = ({ received, position }: ListedRow): string =>
  encodePlace('audit', [received, position]);

/** Conditions for what is behind the place, if there is one. Throws invalid_request. */
export function behind(place: string | undefined): SqlConditions {
  const conditions = new SqlConditions();
  if (place === undefined) return conditions;
  const [received, position] = decodePlace('audit', place, 2);
  const at = `${conditions.value(received)}::timestamptz`;
  // The second condition says the same of the first column alone: by it whole days are left out.
  conditions.add(
    `(t.received_at, t.position) < (${at}, ${conditions.value(position)}::bigint) AND t.received_at <= ${at}`,
  );
  return conditions;
}

interface Looked {
  readonly found: readonly ListedRow[];
  /** The first and the last that were looked at, when there may be older ones. */
  readonly first?: ListedRow;
  readonly end?: ListedRow;
}

const filterColumns = 't.type, t.actor, t.cluster, t.object_kind, t.object_name';

/**
 * One statement, which ends when the page is full or `most` events of the time and of `part` were looked at, each by
 * itself, newest first.
 */
export async function lookThrough(
  sql: Sql,
  { limit, place, filter }: AuditAsk,
  part: AuditFilter,
  most: number,
): Promise<Looked> {
  const { since: _since, until: _until, ...looked } = filter;
  const conditions = behind(place);
  addTimes(conditions, filter);
  addAuditFilter(conditions, part);
  const wanted = new SqlConditions([], conditions.values);
  addAuditFilter(wanted, looked);
  const rows = await sql.query<ListedRow & { readonly hit: boolean; readonly looked: number }>(
    `SELECT t.position, t.received_at::text AS received, ${storedColumns}, t.hit, t.looked FROM (
         SELECT t.*, (${wanted.all()}) AS hit, row_number() OVER (${newestFirst}) AS looked
         FROM (SELECT t.position, ${filterColumns}, ${storedColumns} FROM audit_events t ${conditions.where()}
           ${newestFirst} LIMIT ${most}) t) t
       WHERE t.hit OR t.looked IN (1, ${most}) ${newestFirst} LIMIT ${limit + 2}`,
    wanted.values,
  );
  const found = rows.filter(({ hit }) => hit).slice(0, limit + 1);
  const [first] = rows;
  const end = rows.find((row) => row.looked === most);
  return first === undefined || end === undefined ? { found } : { found, first, end };
}
