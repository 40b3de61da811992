import type { Millis } from '@ambit/kernel';
import { checkedSearch, type SqlConditions } from '../queries/sql-conditions.ts';

/** Every field narrows; absent ones do not. */
export interface AuditFilter {
  readonly types?: readonly string[];
  readonly actor?: string;
  readonly cluster?: string;
  readonly objectKind?: string;
  readonly objectName?: string;
  /** A name among those that gain or lose. */
  readonly subject?: string;
  /** A name among the grants behind it. */
  readonly grant?: string;
  /** Received at or after. */
  readonly since?: Millis;
  /** Received before. */
  readonly until?: Millis;
  /** A part of the message, any ASCII case. */
  readonly q?: string;
}

/** Each is asked of an index of its own, which gives the newest first. */
const columnOf = { actor: 'actor', cluster: 'cluster' } as const;

/** The filter by which the events of `filter` can be walked through, newest first, where there is one. */
export function orderedPart(filter: AuditFilter): Pick<AuditFilter, 'actor' | 'cluster' | 'types'> {
  const { actor, cluster, types } = filter;
  if (actor !== undefined) return { actor };
  if (cluster !== undefined) return { cluster };
  return types?.length === 1 ? { types } : {};
}

/** How many of the filters that one index answers together are given. */
export function countFacts({ actor, cluster, types, subject, grant }: AuditFilter): number {
  return [actor, cluster, types, subject, grant].filter((value) => value !== undefined).length;
}

/**
 * As `addAuditFilter` for who, where, what and whom, asked of the index that knows which events have all of them. Columns
 * are compared as expressions, so that the planner takes no other.
 */
export function addFacts(conditions: SqlConditions, filter: AuditFilter): void {
  const { types } = filter;
  const facts = 'ARRAY[t.type, t.cluster, t.actor]';
  const wanted: string[] = [];
  for (const [field, column] of Object.entries(columnOf)) {
    const value = filter[field as keyof typeof columnOf];
    if (value === undefined) continue;
    wanted.push(value);
    conditions.add(`(t.${column} || '') = ${conditions.value(value)}`);
  }
  if (types !== undefined) {
    const among = `${conditions.value(types)}::text[]`;
    conditions.add(`${facts} && ${among} AND (t.type || '') = ANY(${among})`);
  }
  if (wanted.length > 0) conditions.add(`${facts} @> ${conditions.value(wanted)}::text[]`);
  addNames(conditions, filter);
}

function addNames(conditions: SqlConditions, names: Pick<AuditFilter, 'subject' | 'grant'>): void {
  const holds = (field: 'subjects' | 'grants', value: string | undefined): void => {
    if (value !== undefined) conditions.add(`t.event -> '${field}' ? ${conditions.value(value)}`);
  };
  holds('subjects', names.subject);
  holds('grants', names.grant);
}

export function addAuditFilter(conditions: SqlConditions, filter: AuditFilter): void {
  const equal = (column: string, value: string | undefined): void => {
    if (value !== undefined) conditions.add(`t.${column} = ${conditions.value(value)}`);
  };
  equal('actor', filter.actor);
  equal('cluster', filter.cluster);
  equal('object_kind', filter.objectKind);
  equal('object_name', filter.objectName);
  addNames(conditions, filter);
  const [type] = filter.types ?? [];
  // One type is an equality, whose index gives the newest first.
  if (filter.types?.length === 1) equal('type', type);
  else if (filter.types !== undefined) {
    conditions.add(`t.type = ANY(${conditions.value(filter.types)}::text[])`);
  }
  addTimes(conditions, filter);
  if (filter.q !== undefined && filter.q !== '') addText(conditions, filter.q);
}

/** No index helps here, so each message is looked at: half as dear as ILIKE, which PostgreSQL has no short way for. */
function addText(conditions: SqlConditions, q: string): void {
  const lower = (text: string): string => `lower(${text} COLLATE "C")`;
  const wanted = `${conditions.value(checkedSearch(q))}::text`;
  conditions.add(`strpos(${lower(`(t.event ->> 'message')`)}, ${lower(wanted)}) > 0`);
}

/** From when until when events were received. */
export function addTimes(conditions: SqlConditions, { since, until }: AuditFilter): void {
  if (since !== undefined) {
    conditions.add(`t.received_at >= ${conditions.value(new Date(since))}`);
  }
  if (until !== undefined) {
    conditions.add(`t.received_at < ${conditions.value(new Date(until))}`);
  }
}
