import type { PersonAttributes } from '@ambit/domain';
import { effectiveAttributes } from '../kinds/user/given-attributes.ts';
import type { Sql } from '../sql.ts';
import type { ConditionedPerson, ConditionStanding } from './grant-condition.ts';
import { pageSize, toPerson, type PersonRow } from './rule-rows.ts';

export const selectConditions = `SELECT c.group_uid AS "groupUid", c.grant_uid AS "grantUid", c.labels, c.match, c.reads, c.subjects FROM grant_conditions c`;

interface ConditionedRow extends PersonRow {
  readonly groupUids: readonly string[];
}

const selectConditioned = `
SELECT u.uid, u.name, u.active, u.attributes, u.given_attributes AS given, coalesce(g.names, '{}') AS groups, coalesce(g.uids, '{}') AS "groupUids"
FROM users u LEFT JOIN LATERAL (
  SELECT array_agg(g.name ORDER BY g.name) FILTER (WHERE g.name NOT LIKE 'team.%') AS names, array_agg(g.uid) AS uids
  FROM group_members m JOIN groups g ON g.uid = m.group_uid WHERE m.user_uid = u.uid AND g.name NOT LIKE 'when.%') g ON true`;

const toConditioned = ({ groupUids, ...row }: ConditionedRow): ConditionedPerson => ({
  ...toPerson(row),
  groupUids,
});

export async function findConditioned(
  sql: Sql,
  uids: readonly string[],
): Promise<readonly ConditionedPerson[]> {
  const text = `${selectConditioned} WHERE u.uid = ANY($1::text[]) ORDER BY u.uid`;
  return (await sql.query<ConditionedRow>(text, [uids])).map(toConditioned);
}

/** Active people who are one of these or in one of these, page by page. */
export async function* pagesOfSubjects(
  sql: Sql,
  subjects: readonly string[],
): AsyncGenerator<readonly ConditionedPerson[]> {
  let after = '';
  for (;;) {
    const rows = await sql.query<ConditionedRow>(
      `${selectConditioned} WHERE u.active AND u.uid > $1 AND (u.uid = ANY($2::text[])
         OR EXISTS (SELECT FROM group_members m WHERE m.user_uid = u.uid AND m.group_uid = ANY($2::text[])))
       ORDER BY u.uid LIMIT ${pageSize}`,
      [after, subjects],
    );
    if (rows.length > 0) yield rows.map(toConditioned);
    after = rows.at(-1)?.uid ?? '';
    if (rows.length < pageSize) return;
  }
}

/** How the conditions of these grants do; one that has no condition is not there. */
export async function findConditionStandings(
  sql: Sql,
  grantUids: readonly string[],
): Promise<readonly ConditionStanding[]> {
  if (grantUids.length === 0) return [];
  const rows = await sql.query<ConditionStanding & { readonly example: string | null }>(
    `SELECT g.uid AS "grantUid",
       (SELECT count(DISTINCT m.user_uid)::int FROM grant_conditions c JOIN group_members m ON m.group_uid = c.group_uid WHERE c.grant_uid = g.uid) AS people,
       coalesce(f.count, 0)::int AS faults, f.example, f.problem
     FROM grants g LEFT JOIN LATERAL (
       SELECT count(DISTINCT t.user_uid) AS count, min(u.name) AS example, (array_agg(t.problem ORDER BY u.name))[1] AS problem
       FROM grant_conditions c JOIN grant_condition_faults t ON t.group_uid = c.group_uid JOIN users u ON u.uid = t.user_uid
       WHERE c.grant_uid = g.uid) f ON true
     WHERE g.uid = ANY($1::text[]) AND g.match IS NOT NULL`,
    [grantUids],
  );
  return rows.map(({ grantUid, people, faults, example, problem }) => ({
    grantUid,
    people,
    faults,
    ...(example === null || problem === undefined ? {} : { example, problem }),
  }));
}

/** What holds of a person, by uid: what conditions and rules read. */
export async function findPeopleAsRead(
  sql: Sql,
  uids: readonly string[],
): Promise<ReadonlyMap<string, PersonAttributes>> {
  if (uids.length === 0) return new Map();
  const rows = await sql.query<Pick<PersonRow, 'uid' | 'attributes' | 'given'>>(
    `SELECT u.uid, u.attributes, u.given_attributes AS given FROM users u WHERE u.uid = ANY($1::text[])`,
    [uids],
  );
  return new Map(
    rows.map(({ uid, attributes, given }) => [uid, effectiveAttributes(attributes, given)]),
  );
}
