const subjectRows = (users: string, groups: string): string =>
  `unnest(${users}::text[], ${groups}::text[]) WITH ORDINALITY AS s(user_uid, group_uid, ordinal)`;

/** The rows of `insertGrant` and of `insertReferences` that tie a grant to what it names. */
function references(
  uid: string,
  from: string,
  [users, groups, clusters]: readonly [string, string, string],
): string {
  return `
subjects AS (
  INSERT INTO grant_subjects (grant_uid, ordinal, user_uid, group_uid)
  SELECT ${uid}, s.ordinal, s.user_uid, s.group_uid FROM ${from}${subjectRows(users, groups)}),
named AS (
  INSERT INTO grant_clusters (grant_uid, cluster_uid)
  SELECT ${uid}, c.uid FROM ${from}clusters c WHERE c.uid = ANY(${clusters}::text[]) AND c.removed_at IS NULL)`;
}

/** $1 uid, $2 users, $3 groups, $4 clusters. */
export const insertReferences = `WITH ${references('$1::text', '', ['$2', '$3', '$4'])} SELECT 1`;

/**
 * One round trip for a new grant, and its row as `selectGrants` gives it: a statement does not see what it inserts itself,
 * so the names come from the tables they are kept in. No row when the name is taken.
 */
export const insertGrant = `
WITH made AS (
  INSERT INTO grants (uid, name, role_uid, clusters_scope, cluster_selector, namespaces, not_before, until, reason, labels,
    annotations, generation, revision, created_at, source)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, 0, $12, $16) ON CONFLICT (name) DO NOTHING RETURNING *),
${references('made.uid', 'made, ', ['$13', '$14', '$15'])}
SELECT made.*, r.name AS role_name,
  (SELECT coalesce(jsonb_agg(jsonb_build_object(
      'kind', CASE WHEN s.user_uid IS NULL THEN 'Group' ELSE 'User' END,
      'uid', coalesce(s.user_uid, s.group_uid), 'name', coalesce(u.name, g.name)) ORDER BY s.ordinal), '[]')
   FROM ${subjectRows('$13', '$14')}
   LEFT JOIN users u ON u.uid = s.user_uid LEFT JOIN groups g ON g.uid = s.group_uid) AS subjects,
  (SELECT coalesce(jsonb_agg(jsonb_build_object('uid', c.uid, 'name', c.name) ORDER BY c.name), '[]')
   FROM clusters c WHERE c.uid = ANY($15::text[]) AND c.removed_at IS NULL) AS clusters
FROM made LEFT JOIN roles r ON r.uid = made.role_uid`;
