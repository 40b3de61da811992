import type { Millis } from '@ambit/kernel';
import type { Sql } from '../sql.ts';
import type { DirectoryLoss, DirectoryLosses } from './directory-record.ts';

/** Scope of what concerns all people and no one group. */
export const everybody = '';

export const lossColumns = (
  losses: readonly DirectoryLoss[],
): [scopes: string[], users: string[]] => [
  losses.map(({ groupUid }) => groupUid ?? everybody),
  losses.map(({ userUid }) => userUid),
];

interface Foreseen {
  readonly providerUid: string;
  readonly lost: readonly DirectoryLoss[];
  readonly windowMs: Millis;
  readonly source: string;
}

/** Scope of all memberships that a directory gives, in whatever group. */
const everyMembership = '*';

/**
 * What a directory took away within the window, and would with these losses, by scope. What is there already counts once. All
 * memberships together are one more scope, for many small groups are a large part that the sum of no group shows.
 */
export async function foreseeLosses(
  sql: Sql,
  { providerUid, lost, windowMs, source }: Foreseen,
): Promise<readonly DirectoryLosses[]> {
  if (lost.length === 0) return [];
  const rows = await sql.query<{
    scope: string;
    removed: number;
    gone: number;
    remaining: number | null;
  }>(
    `WITH named AS (
       SELECT scope, user_uid, true AS coming, false AS gone FROM unnest($2::text[], $3::text[]) AS c(scope, user_uid)
       UNION ALL SELECT scope, user_uid, false, true FROM directory_removals
       WHERE provider_uid = $1 AND at >= now() - $4::bigint * interval '1 millisecond'),
     lost AS (SELECT scope, user_uid, bool_or(coming) AS coming, bool_or(gone) AS gone FROM named GROUP BY scope, user_uid),
     sums AS (
       SELECT scope, count(*)::int AS removed, (count(*) FILTER (WHERE gone))::int AS gone
       FROM lost GROUP BY scope HAVING bool_or(coming)
       UNION ALL SELECT '${everyMembership}', count(*)::int, (count(*) FILTER (WHERE gone))::int
       FROM lost WHERE scope <> '${everybody}' HAVING bool_or(coming)),
     held AS (SELECT group_uid, count(*) AS members FROM given_memberships WHERE source = $5 GROUP BY group_uid)
     SELECT s.scope, s.removed, s.gone, CASE s.scope
         WHEN '${everybody}' THEN (SELECT count(*) FROM directory_users d JOIN users u ON u.uid = d.user_uid WHERE d.provider_uid = $1 AND u.active)
         WHEN '${everyMembership}' THEN (SELECT sum(members) FROM held)
         ELSE h.members END::int AS remaining
     FROM sums s LEFT JOIN held h ON h.group_uid = s.scope ORDER BY s.scope = '${everyMembership}', s.scope`,
    [providerUid, ...lossColumns(lost), windowMs, source],
  );
  return rows.map(({ scope, removed, gone, remaining }) => ({
    removed,
    before: (remaining ?? 0) + gone,
    ...placeOf(scope),
  }));
}

function placeOf(scope: string): Pick<DirectoryLosses, 'groupUid' | 'everyGroup'> {
  if (scope === everybody) return {};
  return scope === everyMembership ? { everyGroup: true } : { groupUid: scope };
}
