import { ruleSource } from '@ambit/domain';
import type { PersonAttributes } from '@ambit/domain';
import { effectiveAttributes } from '../kinds/user/given-attributes.ts';
import type { GivenAttributes } from '../kinds/user/given-attributes.ts';
import type { Sql } from '../sql.ts';
import type { MovedByRules, RuledPerson, RuleStanding } from './team-rule.ts';

export const pageSize = 2_000;

/** One transaction at a time says whom rules and conditions match. */
export async function waitForRules(sql: Sql): Promise<void> {
  await sql.query(`SELECT pg_advisory_xact_lock(hashtext('ambit rules'))`);
}

export const selectRules = `SELECT r.group_uid AS "groupUid", r.match, r.reads, r.matches_blank AS "matchesBlank" FROM team_rules r`;

export interface PersonRow {
  readonly uid: string;
  readonly name: string;
  readonly active: boolean;
  readonly attributes: PersonAttributes;
  readonly given: GivenAttributes;
  readonly groups: readonly string[];
}

export const selectPeople = `
SELECT u.uid, u.name, u.active, u.attributes, u.given_attributes AS given, ARRAY(
  SELECT g.name FROM group_members m JOIN groups g ON g.uid = m.group_uid
  WHERE m.user_uid = u.uid AND g.name NOT LIKE 'team.%' AND g.name NOT LIKE 'when.%' ORDER BY g.name) AS groups
FROM users u`;

export const toPerson = ({
  uid,
  name,
  active,
  attributes,
  given,
  groups,
}: PersonRow): RuledPerson => ({
  uid,
  name,
  active,
  attributes: effectiveAttributes(attributes, given),
  groups,
});

/** Active people in the order of uids, page by page. */
export async function* pagesOfPeople(
  sql: Sql,
  reads?: readonly string[],
): AsyncGenerator<readonly RuledPerson[]> {
  const names = (kind: string): string[] =>
    (reads ?? []).flatMap((read) => (read.startsWith(`${kind}:`) ? [read.slice(2)] : []));
  let after = '';
  for (;;) {
    const rows = await sql.query<PersonRow>(
      `${selectPeople} WHERE u.active AND u.uid > $1 AND ($2::boolean
         OR u.attributes ?| $3::text[]
         OR EXISTS (SELECT FROM jsonb_each(u.given_attributes) AS s WHERE s.value ?| $3::text[])
         OR EXISTS (SELECT FROM group_members m JOIN groups g ON g.uid = m.group_uid
                    WHERE m.user_uid = u.uid AND ($5::boolean OR g.name = ANY($4::text[]))))
       ORDER BY u.uid LIMIT ${pageSize}`,
      [after, reads === undefined, names('a'), names('g'), reads?.includes('g') === true],
    );
    if (rows.length > 0) yield rows.map(toPerson);
    after = rows.at(-1)?.uid ?? '';
    if (rows.length < pageSize) return;
  }
}

/** How the rules of these groups do, by group and text. */
export async function findRuleStandings(
  sql: Sql,
  groupUids: readonly string[],
): Promise<readonly RuleStanding[]> {
  if (groupUids.length === 0) return [];
  const rows = await sql.query<RuleStanding & { readonly example: string | null }>(
    `SELECT r.group_uid AS "groupUid", r.match,
       (SELECT count(*)::int FROM given_memberships v WHERE v.group_uid = r.group_uid AND v.source = '${ruleSource('')}' || r.match) AS people,
       coalesce(f.count, 0)::int AS faults, f.example, f.problem
     FROM team_rules r LEFT JOIN LATERAL (
       SELECT count(*) AS count, min(u.name) AS example, (array_agg(t.problem ORDER BY u.name))[1] AS problem
       FROM team_rule_faults t JOIN users u ON u.uid = t.user_uid
       WHERE t.group_uid = r.group_uid AND t.match = r.match) f ON true
     WHERE r.group_uid = ANY($1::text[]) ORDER BY r.group_uid, r.match`,
    [groupUids],
  );
  return rows.map(({ groupUid, match, people, faults, example, problem }) => ({
    groupUid,
    match,
    people,
    faults,
    ...(example === null || problem === undefined ? {} : { example, problem }),
  }));
}

export interface MovedRow {
  readonly group_uid: string;
  readonly group_name: string;
  readonly user_uid: string;
  readonly user_name: string;
}

/** By group, in the order of the rows. */
export function movedIn(rows: readonly MovedRow[], side: 'joined' | 'left'): MovedByRules[] {
  const found = new Map<
    string,
    { group: MovedByRules['group']; joined: string[]; left: string[] }
  >();
  for (const row of rows) {
    const group = { uid: row.group_uid, name: row.group_name };
    const known = found.get(group.uid) ?? { group, joined: [], left: [] };
    known[side].push(row.user_name);
    found.set(group.uid, known);
  }
  return [...found.values()];
}
