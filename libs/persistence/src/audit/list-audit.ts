import type { AuditEvent } from '@ambit/domain';
import { checkedLimit, cutPage, decodePlace, encodePlace, type Page } from '../queries/page.ts';
import { searchCondition, SqlConditions } from '../queries/sql-conditions.ts';
import type { Sql } from '../sql.ts';
import { addAuditFilter, type AuditFilter, messageText } from './audit-filter.ts';
import { storedColumns, type StoredEvent, toStoredEvent } from './event-row.ts';

export interface AuditQuery extends AuditFilter {
  /** 1 to 500. */
  readonly limit: number;
  readonly continue?: string;
}

/**
 * A page of a search for text may have fewer events than asked for, or none, and lead on all the same: then `searchedTo`
 * (RFC 3339) says how far back this page looked.
 */
export interface AuditPage extends Page<StoredEvent> {
  readonly searchedTo?: string;
}

/** How many events one page of a search for text looks through, those that the other filters leave. */
export const searchedEvents = 10_000;

interface Row {
  readonly position: number;
  /** The text keeps the microseconds that a JavaScript date loses. */
  readonly received: string;
  readonly received_at: Date;
  readonly reported_by: string;
  readonly event: AuditEvent;
}

const newestFirst = 'ORDER BY t.received_at DESC, t.position DESC';

const placeText = ({ received, position }: Row): string =>
  encodePlace('audit', [received, position]);

/** Newest first, by arrival. Throws invalid_request. */
export async function listAudit(sql: Sql, query: AuditQuery): Promise<AuditPage> {
  const limit = checkedLimit(query.limit);
  const { q = '', ...filter } = query;
  const conditions = new SqlConditions();
  if (query.continue !== undefined) addPlace(conditions, query.continue);
  addAuditFilter(conditions, filter);
  if (q !== '') return searchAudit(sql, conditions, { q, limit });
  const rows = await sql.query<Row>(
    `${selectEvents(conditions)} LIMIT ${limit + 1}`,
    conditions.values,
  );
  return cutPage(rows, limit, toStoredEvent, placeText);
}

/**
 * One statement, which ends when the page is full or `searchedEvents` were looked at. The last of these comes along,
 * whether or not it has the text: the next page begins behind it.
 */
async function searchAudit(
  sql: Sql,
  conditions: SqlConditions,
  { q, limit }: { readonly q: string; readonly limit: number },
): Promise<AuditPage> {
  const hit = searchCondition(conditions, [messageText], q);
  const rows = await sql.query<Row & { readonly hit: boolean; readonly looked: number }>(
    `SELECT * FROM (
       SELECT t.*, ${hit} AS hit, row_number() OVER (${newestFirst}) AS looked
       FROM (${selectEvents(conditions)} LIMIT ${searchedEvents}) t) t
     WHERE t.hit OR t.looked = ${searchedEvents} ${newestFirst} LIMIT ${limit + 1}`,
    conditions.values,
  );
  const found = rows.filter((row) => row.hit);
  const page = cutPage(found, limit, toStoredEvent, placeText);
  const end = rows.find((row) => row.looked === searchedEvents);
  if (page.continue !== undefined || end === undefined) return page;
  return { ...page, continue: placeText(end), searchedTo: end.received_at.toISOString() };
}

function selectEvents(conditions: SqlConditions): string {
  return `SELECT t.position, t.received_at::text AS received, ${storedColumns} FROM audit_events t
    ${conditions.where()} ${newestFirst}`;
}

/** The second condition says the same of the first column alone: by it whole days are left out. */
function addPlace(conditions: SqlConditions, place: string): void {
  const [received, position] = decodePlace('audit', place, 2);
  const at = `${conditions.value(received)}::timestamptz`;
  conditions.add(
    `(t.received_at, t.position) < (${at}, ${conditions.value(position)}::bigint) AND t.received_at <= ${at}`,
  );
}
