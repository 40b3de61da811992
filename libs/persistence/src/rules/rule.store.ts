import { ruleSource, teamGroupName } from '@ambit/domain';
import { dropMemberships } from '../kinds/group/drop-memberships.ts';
import { type GroupRow, membership, toGroup, toPolicyGroup } from '../kinds/group/group-row.ts';
import type { NamedReference } from '../records.ts';
import { arraysOf, rowsOf } from '../row-arrays.ts';
import type { StoreContext } from '../stores/store-context.ts';
import {
  movedIn,
  type MovedRow,
  pagesOfPeople,
  selectPeople,
  selectRules,
  toPerson,
  waitForRules,
} from './rule-rows.ts';
import type {
  MovedByRules,
  MovedPerson,
  RuledMember,
  RuledPerson,
  RuleFault,
  RuleStore,
  TeamRule,
} from './team-rule.ts';

const memberColumns = { group_uid: 'text', user_uid: 'text', source: 'text' } as const;
const ruleColumns = { match: 'text', reads: 'text[]', matches_blank: 'boolean' } as const;
const faultColumns = {
  group_uid: 'text',
  user_uid: 'text',
  match: 'text',
  problem: 'text',
} as const;

const memberRow = ({ groupUid, userUid, match }: RuledMember) => ({
  group_uid: groupUid,
  user_uid: userUid,
  source: ruleSource(match),
});

const named = `SELECT g.uid AS group_uid, g.name AS group_name, u.uid AS user_uid, u.name AS user_name`;

/** A rule is one source of memberships among others, so whom a team has is told, followed and undone as all memberships are. */
export class PostgresRuleStore implements RuleStore {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  moved(): ReadonlyMap<string, MovedPerson> {
    return this.#context.changes.people.all();
  }

  begun(): readonly TeamRule[] {
    return this.#context.changes.people.begun;
  }

  note(userUid: string): void {
    this.#context.changes.people.anew(userUid);
  }

  async wait(): Promise<void> {
    await waitForRules(this.#context.sql);
  }

  async groupOf(team: string): Promise<NamedReference> {
    const { sql, ids, at, changes } = this.#context;
    const name = teamGroupName(team);
    const [found] = await sql.query<NamedReference>(
      'SELECT uid, name FROM groups WHERE name = $1 FOR NO KEY UPDATE',
      [name],
    );
    if (found !== undefined) return found;
    const [row] = await sql.query<Omit<GroupRow, 'members' | 'given'>>(
      `INSERT INTO groups (uid, name, labels, annotations, generation, revision, created_at)
       VALUES ($1, $2, '{}', '{}', 1, 0, $3) ON CONFLICT (name) DO NOTHING RETURNING *`,
      [ids.uuid(), name, at],
    );
    if (row === undefined) return this.groupOf(team);
    const group = toGroup({ ...row, members: [], given: null });
    changes.put(toPolicyGroup(group));
    return { uid: group.uid, name };
  }

  async replace(
    group: NamedReference,
    rules: readonly Omit<TeamRule, 'groupUid'>[],
  ): Promise<void> {
    const { sql, changes } = this.#context;
    const texts = rules.map(({ match }) => match);
    const gone = await sql.query<RuledMember>(
      `SELECT v.group_uid AS "groupUid", v.user_uid AS "userUid", r.match
       FROM team_rules r JOIN given_memberships v ON v.group_uid = r.group_uid AND v.source = '${ruleSource('')}' || r.match
       WHERE r.group_uid = $1 AND r.match <> ALL($2::text[])`,
      [group.uid, texts],
    );
    await this.take(gone);
    await sql.query('DELETE FROM team_rules WHERE group_uid = $1 AND match <> ALL($2::text[])', [
      group.uid,
      texts,
    ]);
    const made = await sql.query<{ match: string }>(
      `INSERT INTO team_rules (group_uid, match, reads, matches_blank)
       SELECT $1, n.match, n.reads::text[], n.matches_blank FROM ${rowsOf(2, 'n', ruleColumns)}
       ON CONFLICT DO NOTHING RETURNING match`,
      [
        group.uid,
        ...arraysOf(
          ruleColumns,
          rules.map(({ match, reads, matchesBlank }) => ({
            match,
            reads,
            matches_blank: matchesBlank,
          })),
        ),
      ],
    );
    const added = new Set(made.map(({ match }) => match));
    for (const rule of rules)
      if (added.has(rule.match)) changes.people.begun.push({ ...rule, groupUid: group.uid });
  }

  async drop(team: string): Promise<void> {
    const { sql, changes } = this.#context;
    const name = teamGroupName(team);
    const [group] = await sql.query<NamedReference>(
      'SELECT uid, name FROM groups WHERE name = $1 FOR UPDATE',
      [name],
    );
    if (group === undefined) return;
    await dropMemberships(this.#context, 'group_uid', group.uid);
    await sql.query('DELETE FROM groups WHERE uid = $1', [group.uid]);
    changes.touchedGroups.delete(group.uid);
    changes.delete('Group', group.uid, name);
  }

  reading(reads: readonly string[], blank: boolean): Promise<readonly TeamRule[]> {
    return this.#context.sql.query<TeamRule>(
      `${selectRules} WHERE r.reads && $1::text[] OR ($2::boolean AND r.matches_blank)
       ORDER BY r.group_uid, r.match`,
      [reads, blank],
    );
  }

  async people(uids: readonly string[]): Promise<readonly RuledPerson[]> {
    const text = `${selectPeople} WHERE u.uid = ANY($1::text[]) ORDER BY u.uid`;
    const rows = await this.#context.sql.query<Parameters<typeof toPerson>[0]>(text, [uids]);
    return rows.map(toPerson);
  }

  pages(reads?: readonly string[]): AsyncGenerator<readonly RuledPerson[]> {
    return pagesOfPeople(this.#context.sql, reads);
  }

  givenTo(userUids: readonly string[]): Promise<readonly RuledMember[]> {
    return this.#context.sql.query<RuledMember>(
      `SELECT v.group_uid AS "groupUid", v.user_uid AS "userUid", r.match
       FROM given_memberships v JOIN team_rules r ON r.group_uid = v.group_uid AND v.source = '${ruleSource('')}' || r.match
       WHERE v.user_uid = ANY($1::text[])`,
      [userUids],
    );
  }

  async give(members: readonly RuledMember[]): Promise<readonly MovedByRules[]> {
    if (members.length === 0) return [];
    const { sql, changes } = this.#context;
    const given = arraysOf(memberColumns, members.map(memberRow));
    const rows = await sql.query<MovedRow>(
      `WITH joined AS (
         INSERT INTO group_members (group_uid, user_uid, local)
         SELECT DISTINCT n.group_uid, n.user_uid, false FROM ${rowsOf(1, 'n', memberColumns)}
         ON CONFLICT DO NOTHING RETURNING group_uid, user_uid)
       ${named} FROM joined JOIN groups g ON g.uid = joined.group_uid JOIN users u ON u.uid = joined.user_uid
       ORDER BY g.name, u.name`,
      given,
    );
    await sql.query(
      `INSERT INTO given_memberships (group_uid, user_uid, source)
       SELECT n.group_uid, n.user_uid, n.source FROM ${rowsOf(1, 'n', memberColumns)} ON CONFLICT DO NOTHING`,
      given,
    );
    for (const { group, user } of rows.map(referred)) changes.put(membership(group, user));
    for (const { groupUid } of members) changes.touchedGroups.add(groupUid);
    return movedIn(rows, 'joined');
  }

  async take(members: readonly RuledMember[]): Promise<readonly MovedByRules[]> {
    if (members.length === 0) return [];
    const { sql, changes } = this.#context;
    await sql.query(
      `DELETE FROM given_memberships v USING ${rowsOf(1, 'n', memberColumns)}
       WHERE v.group_uid = n.group_uid AND v.user_uid = n.user_uid AND v.source = n.source`,
      arraysOf(memberColumns, members.map(memberRow)),
    );
    const rows = await sql.query<MovedRow>(
      `WITH gone AS (
         DELETE FROM group_members m USING ${rowsOf(1, 'n', memberColumns)}
         WHERE m.group_uid = n.group_uid AND m.user_uid = n.user_uid AND NOT m.local AND NOT EXISTS (
           SELECT FROM given_memberships v WHERE v.group_uid = m.group_uid AND v.user_uid = m.user_uid)
         RETURNING m.group_uid, m.user_uid)
       ${named} FROM gone JOIN groups g ON g.uid = gone.group_uid JOIN users u ON u.uid = gone.user_uid
       ORDER BY g.name, u.name`,
      arraysOf(memberColumns, members.map(memberRow)),
    );
    for (const { group, user } of rows.map(referred)) changes.leave(membership(group, user));
    for (const { groupUid } of members) changes.touchedGroups.add(groupUid);
    return movedIn(rows, 'left');
  }

  async noteFaults(judged: readonly RuledMember[], faults: readonly RuleFault[]): Promise<void> {
    const { sql } = this.#context;
    if (judged.length > 0)
      await sql.query(
        `DELETE FROM team_rule_faults f USING ${rowsOf(1, 'n', judgedColumns)}
         WHERE f.group_uid = n.group_uid AND f.user_uid = n.user_uid AND f.match = n.match`,
        arraysOf(
          judgedColumns,
          judged.map(({ groupUid, userUid, match }) => ({
            group_uid: groupUid,
            user_uid: userUid,
            match,
          })),
        ),
      );
    if (faults.length === 0) return;
    await sql.query(
      `INSERT INTO team_rule_faults (group_uid, match, user_uid, problem)
       SELECT n.group_uid, n.match, n.user_uid, n.problem FROM ${rowsOf(1, 'n', faultColumns)} ON CONFLICT DO NOTHING`,
      arraysOf(
        faultColumns,
        faults.map(({ groupUid, userUid, match, problem }) => ({
          group_uid: groupUid,
          user_uid: userUid,
          match,
          problem,
        })),
      ),
    );
  }
}

const judgedColumns = { group_uid: 'text', user_uid: 'text', match: 'text' } as const;

const referred = (row: MovedRow) => ({
  group: { uid: row.group_uid, name: row.group_name },
  user: { uid: row.user_uid, name: row.user_name },
});
