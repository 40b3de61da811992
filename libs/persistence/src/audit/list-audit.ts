import { checkedLimit, cutPage, type Page } from '../queries/page.ts';
import type { Sql } from '../sql.ts';
import { addAuditFilter, type AuditFilter, countFacts, orderedPart } from './audit-filter.ts';
import {
  type AuditAsk,
  behind,
  type ListedRow,
  lookThrough,
  newestFirst,
  placeText,
  selectEvents,
} from './audit-rows.ts';
import { type StoredEvent, toStoredEvent } from './event-row.ts';
import { listByFacts } from './list-by-facts.ts';

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
export const searchedEvents = 5_000;
/** The same for those of an actor, of a cluster or of a type: they lie apart, so each is read from a place of its own. */
const searchedApart = 1_000;

/** Newest first, by arrival. Throws invalid_request. */
export async function listAudit(sql: Sql, query: AuditQuery): Promise<AuditPage> {
  const { limit, continue: place, ...filter } = query;
  const ask = { limit: checkedLimit(limit), place, filter };
  if (filter.q !== undefined && filter.q !== '') return searchAudit(sql, ask);
  const facts = countFacts(filter);
  const isOrdered = facts === 0 || filter.objectName !== undefined;
  const inOrder = isOrdered || (facts === 1 && Object.keys(orderedPart(filter)).length === 1);
  return pageOf(await (inOrder ? listInOrder(sql, ask) : listByFacts(sql, ask)), ask);
}

/** By an index that gives the newest first. */
async function listInOrder(sql: Sql, { limit, place, filter }: AuditAsk): Promise<ListedRow[]> {
  const conditions = behind(place);
  addAuditFilter(conditions, filter);
  return sql.query<ListedRow>(
    `${selectEvents(conditions)} ${newestFirst} LIMIT ${limit + 1}`,
    conditions.values,
  );
}

async function searchAudit(sql: Sql, ask: AuditAsk): Promise<AuditPage> {
  const part = orderedPart(ask.filter);
  const most = Object.keys(part).length === 0 ? searchedEvents : searchedApart;
  const { found, end } = await lookThrough(sql, ask, part, most);
  const page = pageOf(found, ask);
  if (page.continue !== undefined || end === undefined) return page;
  return { ...page, continue: placeText(end), searchedTo: end.received_at.toISOString() };
}

const pageOf = (rows: readonly ListedRow[], { limit }: AuditAsk): AuditPage =>
  cutPage(rows, limit, toStoredEvent, placeText);
