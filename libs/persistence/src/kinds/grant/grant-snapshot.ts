import type { PolicyGrant } from '@ambit/domain';
import type { SnapshotSource } from '../stored-kind.ts';

const millis = (column: string): string => `(extract(epoch FROM ${column}) * 1000)::bigint`;

/**
 * Grants as the compiler has them, made by the database in one pass over each table: a start reads all there are, and
 * decoding a row with its names and dates, which no compiler needs, costs more than all the rest of reading it.
 */
export const grantSnapshot: SnapshotSource = {
  select: `
SELECT json_strip_nulls(json_build_object('kind', 'Grant', 'uid', t.uid, 'name', t.name, 'labels', t.labels,
  'subjects', coalesce(s.list, '[]'), 'roleUid', t.role_uid,
  'scope', json_build_object(
    'clusters', json_build_object('type', t.clusters_scope, 'uids', CASE t.clusters_scope WHEN 'names' THEN coalesce(c.list, '[]') END,
      'selector', t.cluster_selector),
    'namespaces', t.namespaces),
  'notBefore', ${millis('t.not_before')}, 'until', ${millis('t.until')}, 'match', t.match,
  'hours', t.hours, 'windows', t.windows, 'reason', t.reason, 'source', t.source,
  'ended', t.ended)) AS object
FROM grants t
LEFT JOIN (SELECT grant_uid, json_agg(json_build_object('kind', CASE WHEN group_uid IS NOT NULL THEN 'Group'
      WHEN team_uid IS NOT NULL THEN 'Team' ELSE 'User' END,
    'uid', coalesce(user_uid, group_uid, service_uid, team_uid)) ORDER BY ordinal) AS list FROM grant_subjects GROUP BY grant_uid) s ON s.grant_uid = t.uid
LEFT JOIN (SELECT grant_uid, json_agg(cluster_uid ORDER BY cluster_uid COLLATE "C") AS list
  FROM grant_clusters GROUP BY grant_uid) c ON c.grant_uid = t.uid`,
  toObject: ({ object }: { readonly object: PolicyGrant }) => object,
};
