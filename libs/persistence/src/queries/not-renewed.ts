import type { Millis } from '@ambit/kernel';
import type { Sql } from '../sql.ts';

/** Names of clusters whose agent has certificates from before `since` alone (its clock being that of central), sorted, at most 1000. */
export async function clustersNotRenewed(sql: Sql, since: Millis): Promise<readonly string[]> {
  const rows = await sql.query<{ name: string }>(
    `SELECT c.name FROM clusters c WHERE c.removed_at IS NULL
       AND EXISTS (SELECT 1 FROM agents a WHERE a.cluster_uid = c.uid AND a.revoked_at IS NULL)
       AND NOT EXISTS (SELECT 1 FROM agents a JOIN agent_certificates t ON t.agent_uid = a.uid
         WHERE a.cluster_uid = c.uid AND a.revoked_at IS NULL AND t.completed_hello_at IS NOT NULL AND t.not_before >= $1)
     ORDER BY c.name LIMIT 1000`,
    [new Date(since)],
  );
  return rows.map(({ name }) => name);
}
