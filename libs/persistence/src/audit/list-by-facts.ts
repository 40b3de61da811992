import type { Millis } from '@ambit/kernel';
import type { Sql } from '../sql.ts';
import { addFacts, addTimes } from './audit-filter.ts';
import {
  type AuditAsk,
  behind,
  type ListedRow,
  lookThrough,
  placeText,
  selectEvents,
} from './audit-rows.ts';

/** From these is told how dense the trail is at this place, and what is in most of them has its page already. */
const newestEvents = 200;
/** Time that is asked for next, by the time that was looked through already. */
const most = 16;
/** A batch of events has one time. */
const leastMs: Millis = 1_000;
/** Time of which no end is asked for: what is left is all. */
const allMs: Millis = 100 * 86_400_000;

/**
 * Facts are found by an index that knows no order, so that all that matches in a time is read and sorted. The time is
 * therefore chosen by how often the facts were met so far, that about a page is in it: what is met often is found among
 * the newest, what is met seldom in a few questions. PostgreSQL reads no more of the table than what is in that time and
 * has the facts, by both indexes together.
 */
export async function listByFacts(sql: Sql, ask: AuditAsk): Promise<readonly ListedRow[]> {
  const { found, first, end } = await lookThrough(sql, ask, {}, newestEvents);
  const rows = [...found];
  if (first === undefined || end === undefined) return rows;
  const { place } = ask;
  const begin = first.received_at.getTime();
  let to = end.received_at.getTime();
  let older: AuditAsk = { ...ask, place: placeText(end) };
  let growth = growthAfter(rows.length, rows.length, ask);
  while (rows.length <= ask.limit) {
    const from = to - Math.max(begin - to, leastMs) * growth;
    const isLast = begin - from > allMs || from <= (ask.filter.since ?? -Infinity);
    const more = await factsBetween(sql, older, isLast ? undefined : from);
    rows.push(...more);
    if (isLast) break;
    growth = growthAfter(rows.length, more.length, ask);
    to = from;
    older = { ...ask, place, filter: { ...ask.filter, until: from } };
  }
  return rows;
}

/** Twice what is missing should be in the next time, if what was found before it lies evenly. */
function growthAfter(rows: number, added: number, { limit }: AuditAsk): number {
  if (added === 0) return most;
  return Math.min(Math.max((2 * (limit + 1 - rows)) / rows, 1), most);
}

/** `from` undefined: all that is left. */
function factsBetween(
  sql: Sql,
  { limit, place, filter }: AuditAsk,
  from: Millis | undefined,
): Promise<ListedRow[]> {
  const conditions = behind(place);
  addTimes(conditions, from === undefined ? filter : { ...filter, since: from });
  addFacts(conditions, filter);
  // The sum keeps the planner from walking through time until there is enough.
  return sql.query<ListedRow>(
    `${selectEvents(conditions)} ORDER BY t.received_at + interval '0' DESC, t.position DESC LIMIT ${limit + 1}`,
    conditions.values,
  );
}
