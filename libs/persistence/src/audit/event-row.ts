import type { AuditEvent } from '@ambit/domain';
import type { Sql } from '../sql.ts';

/** What filters look at stands in columns of its own; the event itself is stored whole. */
export interface EventRow {
  readonly type: string;
  readonly actor: string;
  readonly cluster: string | null;
  readonly object_kind: string | null;
  readonly object_name: string | null;
  readonly reported_by: string;
  readonly event: AuditEvent;
}

export const eventColumns = 'type, actor, cluster, object_kind, object_name, reported_by, event';

/** The columns of `EventRow` as `jsonb_to_recordset` gives them. */
export const eventRecord =
  'type text, actor text, cluster text, object_kind text, object_name text, reported_by text, event jsonb';

/** Who reports what no agent told. */
export const central = 'central';

export function toEventRow({ reportedBy = central, ...event }: AuditEvent): EventRow {
  return {
    type: event.type,
    actor: event.actor.name,
    cluster: event.cluster ?? null,
    object_kind: event.object?.kind ?? null,
    object_name: event.object?.name ?? null,
    reported_by: reportedBy,
    event,
  };
}

/** A row of an event whose JSON is written already. */
export interface WrittenEvent extends Omit<EventRow, 'event'> {
  /** RFC 3339, as in the event. */
  readonly time: string;
  /** The event, as text of the column of that name. */
  readonly json: string;
  /** Said by who knows that the JSON is ASCII, so that nobody looks again. */
  readonly isAscii?: boolean;
}

export function writtenEvent(event: AuditEvent): WrittenEvent {
  const { event: told, ...columns } = toEventRow(event);
  return { ...columns, time: told.time, json: JSON.stringify(told) };
}

/** As stored, with who reported it and the time at which central got it (RFC 3339). */
export type StoredEvent = AuditEvent & {
  readonly reportedBy: string;
  readonly receivedAt: string;
};

/** What a reader of the table needs of each row, and how it becomes an event. */
export const storedColumns = 't.reported_by, t.received_at, t.event';

export function toStoredEvent(row: {
  readonly reported_by: string;
  readonly received_at: Date;
  readonly event: AuditEvent;
}): StoredEvent {
  const { reported_by: reportedBy, received_at: receivedAt, event } = row;
  return { ...event, reportedBy, receivedAt: receivedAt.toISOString() };
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
     SELECT $1, e.type, e.actor, e.cluster, e.object_kind, e.object_name, e.reported_by, e.event
     FROM jsonb_to_recordset($2::jsonb) AS e(${eventRecord})`,
    [receivedAt, JSON.stringify(events.map(toEventRow))],
  );
}
