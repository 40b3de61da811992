import type { AuditEvent } from '@ambit/domain';
import { AppError, type Millis } from '@ambit/kernel';
import { checkedLimit, decodePlace, encodePlace } from '../queries/page.ts';
import { SqlConditions } from '../queries/sql-conditions.ts';
import { one, type Sql } from '../sql.ts';
import { addAuditFilter, type AuditFilter } from './audit-filter.ts';
import { storedColumns, type StoredEvent, toStoredEvent } from './event-row.ts';

/** Opaque. Also the event ids of the live tail, so that a reader who was cut off goes on where it was. */
export type TailCursor = string;

export interface TailEvent {
  readonly cursor: TailCursor;
  /** Texts that sort as the events were committed. */
  readonly place: string;
  readonly receivedAt: Millis;
  readonly event: StoredEvent;
}

export interface TailPage {
  readonly events: readonly TailEvent[];
  /** Where to go on, also when nothing came. */
  readonly cursor: TailCursor;
}

interface Row {
  readonly xid: string;
  readonly position: number;
  readonly reported_by: string;
  readonly received_at: Date;
  readonly event: AuditEvent;
}

/** The cursor after which only what was not yet committed comes. */
export async function auditTailStart(sql: Sql): Promise<TailCursor> {
  const { xmin } = await one<{ xmin: string }>(
    sql,
    'SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xmin',
  );
  return encodePlace('tail', [xmin, 0]);
}

/**
 * What was committed after `cursor`, oldest first: nothing is left out and nothing comes twice. Positions are handed out
 * before the commit, so a reader that went by position alone would step over a transaction that is still open. Rows are
 * therefore read below the oldest open transaction only, in the order of transactions. Throws invalid_request.
 */
export async function tailAudit(
  sql: Sql,
  cursor: TailCursor,
  limit: number,
  filter: AuditFilter = {},
): Promise<TailPage> {
  const { xid, position } = readCursor(cursor);
  const conditions = new SqlConditions(
    [
      '(t.xid, t.position) > ($1::text::xid8, $2::bigint)',
      't.xid < pg_snapshot_xmin(pg_current_snapshot())',
    ],
    [xid, position],
  );
  addAuditFilter(conditions, filter);
  const rows = await sql.query<Row>(
    `SELECT t.xid::text AS xid, t.position, ${storedColumns} FROM audit_events t
     ${conditions.where()} ORDER BY t.xid, t.position LIMIT ${checkedLimit(limit)}`,
    conditions.values,
  );
  const events = rows.map((row) => ({
    cursor: encodePlace('tail', [row.xid, row.position]),
    place: placeText(row.xid, row.position),
    receivedAt: row.received_at.getTime(),
    event: toStoredEvent(row),
  }));
  return { events, cursor: events.at(-1)?.cursor ?? cursor };
}

/** Where a cursor stands among events. Throws invalid_request for a text that is no cursor of the tail. */
export function tailPlace(cursor: TailCursor): string {
  const { xid, position } = readCursor(cursor);
  return placeText(xid, position);
}

const placeText = (xid: string, position: number): string =>
  `${xid.padStart(20, '0')}/${String(position).padStart(20, '0')}`;

function readCursor(cursor: TailCursor): { readonly xid: string; readonly position: number } {
  const [xid, position] = decodePlace('tail', cursor, 2);
  // Older servers read any text as a transaction id: it is checked here.
  if (
    /^\d{1,20}$/.test(String(xid)) &&
    BigInt(xid ?? 0) < 2n ** 64n &&
    typeof position === 'number' &&
    Number.isSafeInteger(position) &&
    position >= 0
  )
    return { xid: String(xid), position };
  throw new AppError('invalid_request', 'The cursor does not belong to the audit trail.', {
    hint: 'Start again without it.',
  });
}
