import type { AuditEvent } from '@ambit/domain';
import type { Sql } from '../sql.ts';

/** What filters look at stands in columns of its own; the event itself is stored whole. */
export interface EventRow {
  readonly type: string;
  readonly actor: string;
  readonly cluster: string | null;
  readonly object_kind: string | null;
  readonly object_name: string | null;
  readonly event: AuditEvent;
}

export const eventColumns = 'type, actor, cluster, object_kind, object_name, event';

export function toEventRow(event: AuditEvent): EventRow {
  return {
    type: event.type,
    actor: event.actor.name,
    cluster: event.cluster ?? null,
    object_kind: event.object?.kind ?? null,
    object_name: event.object?.name ?? null,
    event,
  };
}

/** One statement for all of them, in their order. */
export async function insertEvents(
  sql: Sql,
  events: readonly AuditEvent[],
  receivedAt: Date,
): Promise<void> {
  if (events.length === 0) return;
  await sql.query(
    `INSERT INTO audit_events (received_at, ${eventColumns})
     SELECT $1, e.type, e.actor, e.cluster, e.object_kind, e.object_name, e.event
     FROM jsonb_to_recordset($2::jsonb)
       AS e(type text, actor text, cluster text, object_kind text, object_name text, event jsonb)`,
    [receivedAt, JSON.stringify(events.map(toEventRow))],
  );
}
