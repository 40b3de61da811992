import type { Sql } from '../sql.ts';

/** A group and somebody in it. */
export interface MembershipKey {
  readonly groupUid: string;
  readonly userUid: string;
}

/**
 * Where memberships come from now, in the order of the keys: `local` for what somebody wrote into the group, `claims:NAME`
 * and `scim:NAME` for what a provider says. Empty for one that is not there. One statement, whatever their number.
 */
export async function membershipSources(
  sql: Sql,
  keys: readonly MembershipKey[],
): Promise<readonly (readonly string[])[]> {
  if (keys.length === 0) return [];
  const rows = await sql.query<{ nth: number; sources: readonly string[] }>(
    `SELECT k.nth::integer AS nth,
       (CASE WHEN m.local THEN ARRAY['local'] ELSE '{}'::text[] END) || ARRAY(
         SELECT v.source FROM given_memberships v
         WHERE v.group_uid = m.group_uid AND v.user_uid = m.user_uid ORDER BY v.source) AS sources
     FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k(group_uid, user_uid, nth)
     JOIN group_members m ON m.group_uid = k.group_uid AND m.user_uid = k.user_uid`,
    [keys.map(({ groupUid }) => groupUid), keys.map(({ userUid }) => userUid)],
  );
  const found = keys.map((): readonly string[] => []);
  for (const { nth, sources } of rows) found[nth - 1] = sources;
  return found;
}
