import type { Millis } from '@ambit/kernel';
import { one, type Sql } from '../sql.ts';

/** How far the history of the policy reaches. */
export interface HistoryReach {
  /** The first revision that it tells of, and when that was made. */
  readonly oldest: number;
  readonly oldestAt: Millis;
  readonly newest: number;
}

interface ReachRow {
  readonly oldest: number;
  readonly at: Date;
  readonly newest: number;
}

export async function historyReach(sql: Sql): Promise<HistoryReach> {
  const { oldest, at, newest } = await one<ReachRow>(
    sql,
    `SELECT c.revision AS oldest, c.at, h.revision AS newest
     FROM policy_head h, (SELECT revision, at FROM policy_changes ORDER BY revision LIMIT 1) c`,
  );
  return { oldest, oldestAt: at.getTime(), newest };
}

/** When what is in force at a revision was made. A revision that changed nothing of the policy has the time of the one before. */
export async function revisionTime(sql: Sql, revision: number): Promise<Millis> {
  const { at } = await one<{ at: Date }>(
    sql,
    `SELECT at FROM policy_changes WHERE revision <= $1::bigint ORDER BY revision DESC LIMIT 1`,
    [revision],
  );
  return at.getTime();
}

/**
 * The revision in force at a moment, which lies within the reach. Revisions are made in the order of time, so that it is
 * found by halves: some forty looks at the primary key, whatever the length of the history.
 */
export async function revisionInForce(
  sql: Sql,
  at: Millis,
  { oldest, newest }: HistoryReach,
): Promise<number> {
  const { revision } = await one<{ revision: number }>(
    sql,
    `WITH RECURSIVE half(low, high) AS (
       SELECT $2::bigint, $3::bigint
       UNION ALL
       SELECT CASE WHEN m.at <= $1 THEN m.mid ELSE h.low END, CASE WHEN m.at <= $1 THEN h.high ELSE m.mid - 1 END
       FROM half h CROSS JOIN LATERAL (
         SELECT (h.low + h.high + 1) / 2 AS mid,
           (SELECT c.at FROM policy_changes c WHERE c.revision <= (h.low + h.high + 1) / 2
            ORDER BY c.revision DESC LIMIT 1) AS at) m
       WHERE h.low < h.high)
     SELECT low AS revision FROM half WHERE low >= high`,
    [new Date(at), oldest, newest],
  );
  return revision;
}
