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

/** What a directory took away within the window, and would with these losses, by scope. What is there already counts once. */
export async function foreseeLosses(
  sql: Sql,
  { providerUid, lost, windowMs, source }: Foreseen,
): Promise<readonly DirectoryLosses[]> {
  if (lost.length === 0) return [];
  const rows = await sql.query<{ scope: string; removed: number; gone: number; remaining: number }>(
    `WITH coming AS (SELECT * FROM unnest($2::text[], $3::text[]) AS c(scope, user_uid)),
     gone AS (SELECT r.scope, r.user_uid FROM directory_removals r
       WHERE r.provider_uid = $1 AND r.at >= now() - $4::bigint * interval '1 millisecond'
         AND r.scope IN (SELECT scope FROM coming))
     SELECT s.scope, (SELECT count(*) FROM (SELECT user_uid FROM coming c WHERE c.scope = s.scope
         UNION SELECT user_uid FROM gone g WHERE g.scope = s.scope) AS of_scope)::int AS removed,
       (SELECT count(*) FROM gone g WHERE g.scope = s.scope)::int AS gone,
       CASE WHEN s.scope = ''
         THEN (SELECT count(*) FROM directory_users d JOIN users u ON u.uid = d.user_uid WHERE d.provider_uid = $1 AND u.active)
         ELSE (SELECT count(*) FROM given_memberships v WHERE v.group_uid = s.scope AND v.source = $5) END::int AS remaining
     FROM (SELECT DISTINCT scope FROM coming) AS s`,
    [providerUid, ...lossColumns(lost), windowMs, source],
  );
  return rows.map(({ scope, removed, gone, remaining }) => ({
    removed,
    before: remaining + gone,
    ...(scope === everybody ? {} : { groupUid: scope }),
  }));
}
