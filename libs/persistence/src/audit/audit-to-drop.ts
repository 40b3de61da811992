import type { Millis } from '@ambit/kernel';
import type { Database } from '../database.ts';

/** What of one partition retention is about to drop. */
export interface AuditToDrop {
  readonly partition: string;
  readonly events: number;
  /** When the first and the last of them were received. */
  readonly from: Millis;
  readonly to: Millis;
}

/** The events that `dropAuditBefore` would drop, by partition, oldest first. */
export function auditToDrop(database: Database, before: Millis): Promise<readonly AuditToDrop[]> {
  const startOfDay = new Date(new Date(before).toISOString().slice(0, 10));
  return database.transaction(async (open) => {
    await open.query('SET LOCAL statement_timeout = 60000');
    const rows = await open.query<{ partition: string; events: number; from: Date; to: Date }>(
      `SELECT tableoid::regclass::text AS partition, count(*) AS events,
         min(received_at) AS from, max(received_at) AS to
       FROM audit_events WHERE received_at < $1 GROUP BY tableoid ORDER BY min(received_at)`,
      [startOfDay],
    );
    return rows.map((row) => ({ ...row, from: row.from.getTime(), to: row.to.getTime() }));
  });
}
