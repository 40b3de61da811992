import type { Millis } from '@ambit/kernel';
import type { Database } from '../database.ts';

const statements = [
  'DELETE FROM renew_nonces n USING agent_certificates x, agents a WHERE n.fingerprint = x.fingerprint AND x.agent_uid = a.uid AND a.cluster_uid = ANY($1)',
  'DELETE FROM agent_certificates x USING agents a WHERE x.agent_uid = a.uid AND a.cluster_uid = ANY($1)',
  'DELETE FROM agents WHERE cluster_uid = ANY($1)',
  'DELETE FROM join_tokens WHERE cluster_uid = ANY($1)',
  'DELETE FROM cluster_namespaces WHERE cluster_uid = ANY($1)',
  'DELETE FROM cluster_roles WHERE cluster_uid = ANY($1)',
  'DELETE FROM cluster_resources WHERE cluster_uid = ANY($1)',
  'DELETE FROM cluster_unmanaged WHERE cluster_uid = ANY($1)',
  'DELETE FROM cluster_unmanaged_totals WHERE cluster_uid = ANY($1)',
  'DELETE FROM cluster_sync WHERE cluster_uid = ANY($1)',
  'DELETE FROM audit_cursor WHERE cluster_uid = ANY($1)',
  'DELETE FROM clusters WHERE uid = ANY($1)',
];

/** Removes tombstones of clusters older than `before` with all that hangs on them, except what they wrote to the audit trail. */
export function purgeRemovedClusters(database: Database, before: Millis): Promise<number> {
  return database.transaction(async (open) => {
    const rows = await open.query<{ uid: string }>(
      'SELECT uid FROM clusters WHERE removed_at < $1 ORDER BY uid LIMIT 500 FOR UPDATE',
      [new Date(before)],
    );
    const uids = rows.map((row) => row.uid);
    for (const statement of statements) await open.query(statement, [uids]);
    return uids.length;
  });
}
