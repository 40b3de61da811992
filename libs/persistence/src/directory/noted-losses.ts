import type { Millis } from '@ambit/kernel';
import { one, type Sql } from '../sql.ts';
import type { DirectoryLoss, DirectoryLosses } from './directory-record.ts';
import { everybody, lossColumns as columnsOf } from './foreseen-losses.ts';

/** What sums of losses are looked at for. */
export interface LossBounds {
  readonly windowMs: Millis;
  readonly source: string;
  /** More than this part of all memberships is what the caller looks for. */
  readonly share: number;
}

/** As `DirectoryStore.noteLosses` promises. */
export async function noteLosses(
  sql: Sql,
  providerUid: string,
  { lost, back }: Readonly<Record<'lost' | 'back', readonly DirectoryLoss[]>>,
  { windowMs, source, share }: LossBounds,
): Promise<readonly DirectoryLosses[]> {
  await sql.query(
    `DELETE FROM directory_removals WHERE provider_uid = $1
       AND (at < now() - $2::bigint * interval '1 millisecond'
            OR (scope, user_uid) IN (SELECT * FROM unnest($3::text[], $4::text[])))`,
    [providerUid, windowMs, ...columnsOf(back)],
  );
  if (lost.length === 0) return [];
  await sql.query(
    `INSERT INTO directory_removals (provider_uid, scope, user_uid, at)
     SELECT $1, scope, user_uid, now() FROM unnest($2::text[], $3::text[]) AS l(scope, user_uid)
     ON CONFLICT DO NOTHING`,
    [providerUid, ...columnsOf(lost)],
  );
  const rows = await sql.query<{ scope: string; removed: number; remaining: number }>(
    `SELECT r.scope, count(*)::int AS removed, CASE WHEN r.scope = ''
       THEN (SELECT count(*) FROM directory_users d JOIN users u ON u.uid = d.user_uid WHERE d.provider_uid = $1 AND u.active)
       ELSE (SELECT count(*) FROM given_memberships v WHERE v.group_uid = r.scope AND v.source = $3) END::int AS remaining
     FROM directory_removals r WHERE r.provider_uid = $1 AND r.scope = ANY($2::text[]) GROUP BY r.scope`,
    [providerUid, [...new Set(columnsOf(lost)[0])], source],
  );
  const sums = rows.map(({ scope, removed, remaining }) => ({
    removed,
    before: removed + remaining,
    ...(scope === everybody ? {} : { groupUid: scope }),
  }));
  if (lost.every(({ groupUid }) => groupUid === undefined)) return sums;
  return [...sums, await membershipLosses(sql, providerUid, { source, share })];
}

/** A directory gives half a million memberships, and most calls take one: no more are counted than decide. */
async function membershipLosses(
  sql: Sql,
  providerUid: string,
  { source, share }: Pick<LossBounds, 'source' | 'share'>,
): Promise<DirectoryLosses> {
  const { removed, remaining } = await one<{ removed: number; remaining: number }>(
    sql,
    `WITH gone AS (SELECT count(*)::int AS removed FROM directory_removals WHERE provider_uid = $1 AND scope <> '')
     SELECT removed, (SELECT count(*)::int FROM (
       SELECT FROM given_memberships WHERE source = $2 LIMIT (SELECT ceil(removed / $3::float8)::bigint FROM gone)) AS left_) AS remaining
     FROM gone`,
    [providerUid, source, share],
  );
  return { removed, before: removed + remaining, everyGroup: true };
}
