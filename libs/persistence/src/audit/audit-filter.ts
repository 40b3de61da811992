import type { Millis } from '@ambit/kernel';
import { addSearch, type SqlConditions } from '../queries/sql-conditions.ts';

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

/** What a search looks at. */
export const messageText = `t.event ->> 'message'`;

export function addAuditFilter(conditions: SqlConditions, filter: AuditFilter): void {
  const equal = (column: string, value: string | undefined): void => {
    if (value !== undefined) conditions.add(`t.${column} = ${conditions.value(value)}`);
  };
  const holds = (field: 'subjects' | 'grants', value: string | undefined): void => {
    if (value !== undefined) conditions.add(`t.event -> '${field}' ? ${conditions.value(value)}`);
  };
  equal('actor', filter.actor);
  equal('cluster', filter.cluster);
  equal('object_kind', filter.objectKind);
  equal('object_name', filter.objectName);
  holds('subjects', filter.subject);
  holds('grants', filter.grant);
  const [type] = filter.types ?? [];
  // One type is an equality, whose index gives the newest first.
  if (filter.types?.length === 1) equal('type', type);
  else if (filter.types !== undefined) {
    conditions.add(`t.type = ANY(${conditions.value(filter.types)}::text[])`);
  }
  if (filter.since !== undefined) {
    conditions.add(`t.received_at >= ${conditions.value(new Date(filter.since))}`);
  }
  if (filter.until !== undefined) {
    conditions.add(`t.received_at < ${conditions.value(new Date(filter.until))}`);
  }
  if (filter.q !== undefined && filter.q !== '') {
    addSearch(conditions, [messageText], filter.q);
  }
}
