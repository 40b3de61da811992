import type { Sql } from '../sql.ts';

/** Up to which sequence number each audit spool of a cluster is stored, by its epoch. */
export async function readAuditCursors(
  sql: Sql,
  clusterUid: string,
): Promise<ReadonlyMap<string, number>> {
  const rows = await sql.query<{ epoch: string; last: number }>(
    'SELECT spool_epoch AS epoch, last_seq AS last FROM audit_cursor WHERE cluster_uid = $1',
    [clusterUid],
  );
  return new Map(rows.map(({ epoch, last }) => [epoch, last]));
}
