import type { AuditEvent } from '@ambit/domain';
import { checkedLimit, cutPage, decodePlace, encodePlace, type Page } from '../queries/page.ts';
import { SqlConditions } from '../queries/sql-conditions.ts';
import type { Sql } from '../sql.ts';
import {
  addAuditFilter,
  addFacts,
  addTimes,
  type AuditFilter,
  countFacts,
  orderedPart,
} from './audit-filter.ts';
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

/** How many events one page of a search for text looks through, those of a time. */
export const searchedEvents = 10_000;
/** The same for those of an actor, of a cluster or of a type: they lie apart, so each is read from a place of its own. */
const searchedApart = 2_500;

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
  const { limit, continue: place, ...filter } = query;
  const ask = { limit: checkedLimit(limit), place, filter };
  if (filter.q !== undefined && filter.q !== '') return searchAudit(sql, ask);
  const facts = countFacts(filter);
  const isOrdered = facts === 0 || filter.objectName !== undefined;
  if (isOrdered || (facts === 1 && Object.keys(orderedPart(filter)).length === 1))
    return listInOrder(sql, ask);
  return listByFacts(sql, ask);
}

interface Ask {
  readonly limit: number;
  readonly place: string | undefined;
  readonly filter: AuditFilter;
}

/** By an index that gives the newest first. */
async function listInOrder(sql: Sql, ask: Ask): Promise<AuditPage> {
  const conditions = behind(ask.place);
  addAuditFilter(conditions, ask.filter);
  const rows = await sql.query<Row>(
    `${selectEvents(conditions)} ${newestFirst} LIMIT ${ask.limit + 1}`,
    conditions.values,
  );
  return cutPage(rows, ask.limit, toStoredEvent, placeText);
}

async function searchAudit(sql: Sql, ask: Ask): Promise<AuditPage> {
  const part = orderedPart(ask.filter);
  const most = Object.keys(part).length === 0 ? searchedEvents : searchedApart;
  const { found, end } = await lookThrough(sql, ask, part, most);
  const page = cutPage(found, ask.limit, toStoredEvent, placeText);
  if (page.continue !== undefined || end === undefined) return page;
  return { ...page, continue: placeText(end), searchedTo: end.received_at.toISOString() };
}

/** What is in more than every twentieth event is found among so many of the newest. */
const newestEvents = 2_000;
/** What was in more than every hundredth of them is in many of a day, and soon found among as many as these. */
const nextEvents = 8_000;
/** Days that are then asked at a time: what is met often is in the first, and what is met never costs few questions. */
const daysAtOnce = [1, 2, 4, 8, 16, 32];

/**
 * Facts are found by an index that knows no order, so PostgreSQL can only guess whether to walk through time or to sort
 * all that matches, and a wrong guess takes seconds. Here nothing is guessed: the newest events are looked at one by one,
 * and what is behind them is asked of the index, more days each time.
 */
async function listByFacts(sql: Sql, ask: Ask): Promise<AuditPage> {
  const newest = await lookThrough(sql, ask, {}, newestEvents);
  const rows = [...newest.found];
  let before = newest.end;
  if (before !== undefined && rows.length <= ask.limit && rows.length * 100 > newestEvents) {
    const next = await lookThrough(sql, { ...ask, place: placeText(before) }, {}, nextEvents);
    rows.push(...next.found);
    before = next.end;
  }
  for (const days of [...daysAtOnce, undefined]) {
    if (before === undefined || rows.length > ask.limit) break;
    const older = await olderByFacts(sql, { ...ask, place: placeText(before) }, days);
    rows.push(...older.rows);
    before = older.next === undefined ? undefined : { ...before, ...older.next };
  }
  return cutPage(rows, ask.limit, toStoredEvent, placeText);
}

/** `days` undefined: all that is left. `next` is where older ones begin. */
async function olderByFacts(
  sql: Sql,
  ask: Ask,
  days: number | undefined,
): Promise<{ readonly rows: Row[]; readonly next?: Pick<Row, 'received' | 'position'> }> {
  const conditions = behind(ask.place);
  addTimes(conditions, ask.filter);
  addFacts(conditions, ask.filter);
  const [received] = decodePlace('audit', ask.place ?? '', 2);
  const from = new Date(Date.parse(String(received)) - (days ?? 0) * dayMs);
  if (days !== undefined) {
    conditions.add(`t.received_at >= ${conditions.value(from)}::timestamptz`);
  }
  // The sum keeps the planner from walking through time.
  const rows = await sql.query<Row>(
    `${selectEvents(conditions)} ORDER BY t.received_at + interval '0' DESC, t.position DESC LIMIT ${ask.limit + 1}`,
    conditions.values,
  );
  if (days === undefined || from.getTime() < (ask.filter.since ?? -Infinity)) return { rows };
  return { rows, next: { received: from.toISOString(), position: 0 } };
}

const dayMs = 86_400_000;

/**
 * One statement, which ends when the page is full or `most` events of the time and of `part` were looked at. `end` is the
 * last of these, when there may be older ones.
 */
async function lookThrough(
  sql: Sql,
  { limit, place, filter }: Ask,
  part: ReturnType<typeof orderedPart>,
  most: number,
): Promise<{ readonly found: readonly Row[]; readonly end?: Row }> {
  const { since: _since, until: _until, ...looked } = filter;
  const conditions = behind(place);
  addTimes(conditions, filter);
  addAuditFilter(conditions, part);
  const wanted = new SqlConditions([], conditions.values);
  addAuditFilter(wanted, looked);
  const rows = await sql.query<Row & { readonly hit: boolean; readonly looked: number }>(
    `SELECT * FROM (
         SELECT t.*, (${wanted.all()}) AS hit, row_number() OVER (${newestFirst}) AS looked
         FROM (${selectEvents(conditions)} ${newestFirst} LIMIT ${most}) t) t
       WHERE t.hit OR t.looked = ${most} ${newestFirst} LIMIT ${limit + 1}`,
    wanted.values,
  );
  const end = rows.find((row) => row.looked === most);
  return { found: rows.filter(({ hit }) => hit), ...(end === undefined ? {} : { end }) };
}

function behind(place: string | undefined): SqlConditions {
  const conditions = new SqlConditions();
  if (place !== undefined) addPlace(conditions, place);
  return conditions;
}

const filterColumns = 't.type, t.actor, t.cluster, t.object_kind, t.object_name';

function selectEvents(conditions: SqlConditions): string {
  return `SELECT t.position, t.received_at::text AS received, ${filterColumns}, ${storedColumns} FROM audit_events t
    ${conditions.where()}`;
}

/** The second condition says the same of the first column alone: by it whole days are left out. */
function addPlace(conditions: SqlConditions, place: string): void {
  const [received, position] = decodePlace('audit', place, 2);
  const at = `${conditions.value(received)}::timestamptz`;
  conditions.add(
    `(t.received_at, t.position) < (${at}, ${conditions.value(position)}::bigint) AND t.received_at <= ${at}`,
  );
}
