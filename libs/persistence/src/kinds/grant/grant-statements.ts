import { subjectList, subjectNames } from './grant-row.ts';

/** Arrays of the same length, each with a uid in one of them at every place. */
type SubjectArrays = readonly [users: string, groups: string, services: string, teams: string];

const subjectRows = (arrays: SubjectArrays): string =>
  `unnest(${arrays.map((array) => `${array}::text[]`).join(', ')})
   WITH ORDINALITY AS s(user_uid, group_uid, service_uid, team_uid, ordinal)`;

/** The rows of `insertGrant` and of `insertReferences` that tie a grant to what it names. */
function references(
  uid: string,
  from: string,
  { subjects, clusters }: { readonly subjects: SubjectArrays; readonly clusters: string },
): string {
  return `
subjects AS (
  INSERT INTO grant_subjects (grant_uid, ordinal, user_uid, group_uid, service_uid, team_uid)
  SELECT ${uid}, s.ordinal, s.user_uid, s.group_uid, s.service_uid, s.team_uid FROM ${from}${subjectRows(subjects)}),
named AS (
  INSERT INTO grant_clusters (grant_uid, cluster_uid)
  SELECT ${uid}, c.uid FROM ${from}clusters c WHERE c.uid = ANY(${clusters}::text[]) AND c.removed_at IS NULL)`;
}

/** $1 uid, $2 users, $3 groups, $4 services, $5 teams, $6 clusters. */
export const insertReferences = `WITH ${references('$1::text', '', {
  subjects: ['$2', '$3', '$4', '$5'],
  clusters: '$6',
})} SELECT 1`;

const subjects: SubjectArrays = ['$13', '$14', '$15', '$16'];

/**
 * One round trip for a new grant, and its row as `selectGrants` gives it: a statement does not see what it inserts itself,
 * so the names come from the tables they are kept in. No row when the name is taken.
 */
export const insertGrant = `
WITH made AS (
  INSERT INTO grants (uid, name, role_uid, clusters_scope, cluster_selector, namespaces, not_before, until, reason, labels,
    annotations, generation, revision, created_at, source, match, hours, windows, windows_due)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, 0, $12, $18, $19, $20, $21, $22) ON CONFLICT (name) DO NOTHING RETURNING *),
${references('made.uid', 'made, ', { subjects, clusters: '$17' })}
SELECT made.*, r.name AS role_name,
  (SELECT ${subjectList} FROM ${subjectRows(subjects)} ${subjectNames}) AS subjects,
  (SELECT coalesce(jsonb_agg(jsonb_build_object('uid', c.uid, 'name', c.name) ORDER BY c.name), '[]')
   FROM clusters c WHERE c.uid = ANY($17::text[]) AND c.removed_at IS NULL) AS clusters
FROM made LEFT JOIN roles r ON r.uid = made.role_uid`;
