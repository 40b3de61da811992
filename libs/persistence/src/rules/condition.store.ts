import type { PolicyChange } from '@ambit/domain';
import { selectGrants, toGrant, toPolicyGrant, type GrantRow } from '../kinds/grant/grant-row.ts';
import { toGroup, toPolicyGroup, type GroupRow } from '../kinds/group/group-row.ts';
import { arraysOf, rowsOf } from '../row-arrays.ts';
import type { StoreContext } from '../stores/store-context.ts';
import { findConditioned, pagesOfSubjects, selectConditions } from './condition-rows.ts';
import { dropConditions } from './drop-conditions.ts';
import type {
  ConditionalGrant,
  ConditionedPerson,
  ConditionFault,
  ConditionQuery,
  ConditionStore,
  StoredCondition,
} from './grant-condition.ts';
import type { RuledMember } from './team-rule.ts';

const judgedColumns = { group_uid: 'text', user_uid: 'text' } as const;
const faultColumns = { ...judgedColumns, problem: 'text' } as const;

/** A condition of a grant is a source of memberships, as a rule of a team is, in a group that the grant has for it. */
export class PostgresConditionStore implements ConditionStore {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  tell(changes: readonly PolicyChange[]): void {
    this.#context.changes.people.told.push(...changes);
  }

  told(): readonly PolicyChange[] {
    return this.#context.changes.people.told;
  }

  async grants(uids: readonly string[]): Promise<readonly ConditionalGrant[]> {
    const rows = await this.#context.sql.query<GrantRow>(
      `${selectGrants} WHERE t.uid = ANY($1::text[]) ORDER BY t.uid`,
      [uids],
    );
    return rows.map(toGrant).map(toPolicyGrant);
  }

  grantsOfTeams(teamUids: readonly string[]): Promise<readonly string[]> {
    return this.#uids(
      `SELECT g.uid FROM grants g WHERE g.match IS NOT NULL AND EXISTS (
         SELECT FROM grant_subjects s WHERE s.grant_uid = g.uid AND s.team_uid = ANY($1::text[]))`,
      [teamUids],
    );
  }

  grantsOfLabels(): Promise<readonly string[]> {
    return this.#uids(`SELECT uid FROM grants WHERE match IS NOT NULL AND match LIKE '%cluster%'`);
  }

  async membersOfTeams(
    teamUids: readonly string[],
  ): Promise<ReadonlyMap<string, readonly string[]>> {
    if (teamUids.length === 0) return new Map();
    const rows = await this.#context.sql.query<{ uid: string; members: readonly string[] }>(
      `SELECT t.uid, ARRAY(SELECT m ->> 'uid' FROM jsonb_array_elements(t.spec -> 'members') AS m) AS members
       FROM policy_objects t WHERE t.kind = 'Team' AND t.uid = ANY($1::text[])`,
      [teamUids],
    );
    return new Map(rows.map(({ uid, members }) => [uid, members]));
  }

  clusters(): ReturnType<ConditionStore['clusters']> {
    return this.#context.sql.query(
      'SELECT uid, labels FROM clusters WHERE removed_at IS NULL ORDER BY uid',
    );
  }

  of(grantUids: readonly string[]): Promise<readonly StoredCondition[]> {
    return this.#context.sql.query<StoredCondition>(
      `${selectConditions} WHERE c.grant_uid = ANY($1::text[]) ORDER BY c.group_uid`,
      [grantUids],
    );
  }

  async create(
    name: string,
    condition: Omit<StoredCondition, 'groupUid'>,
  ): Promise<StoredCondition> {
    const { sql, ids, at, changes } = this.#context;
    const { grantUid, labels, match, reads, subjects } = condition;
    const uid = ids.uuid();
    const [row] = await sql.query<Omit<GroupRow, 'members' | 'given'>>(
      `WITH made AS (
         INSERT INTO groups (uid, name, labels, annotations, generation, revision, created_at)
         VALUES ($1, $2, '{}', '{}', 1, 0, $3) RETURNING *),
       kept AS (
         INSERT INTO grant_conditions (group_uid, grant_uid, labels, match, reads, subjects)
         SELECT made.uid, $4::text, $5::jsonb, $6::text, $7::text[], $8::text[] FROM made)
       SELECT * FROM made`,
      [uid, name, at, grantUid, labels, match, reads, subjects],
    );
    if (row !== undefined)
      changes.put({
        ...toPolicyGroup(toGroup({ ...row, members: [], given: null })),
        condition: { grantUid, labels },
      });
    return { ...condition, groupUid: uid };
  }

  async rewrite(groupUids: readonly string[], subjects: readonly string[]): Promise<void> {
    await this.#context.sql.query(
      'UPDATE grant_conditions SET subjects = $2 WHERE group_uid = ANY($1::text[])',
      [groupUids, subjects],
    );
  }

  drop(grantUid: string, groupUids: readonly string[]): Promise<void> {
    return dropConditions(this.#context, { uid: grantUid }, groupUids);
  }

  concerning({
    subjects,
    reads,
    movedSubjects,
    groups,
  }: ConditionQuery): Promise<readonly StoredCondition[]> {
    return this.#context.sql.query<StoredCondition>(
      `${selectConditions} WHERE (c.subjects && $1::text[] AND (c.reads && $2::text[] OR c.subjects && $3::text[]))
         OR c.group_uid = ANY($4::text[])
       ORDER BY c.group_uid`,
      [subjects, reads, movedSubjects, groups],
    );
  }

  people(uids: readonly string[]): Promise<readonly ConditionedPerson[]> {
    return findConditioned(this.#context.sql, uids);
  }

  pages(subjects: readonly string[]): AsyncGenerator<readonly ConditionedPerson[]> {
    return pagesOfSubjects(this.#context.sql, subjects);
  }

  heldBy(userUids: readonly string[]): Promise<readonly RuledMember[]> {
    return this.#context.sql.query<RuledMember>(
      `SELECT m.group_uid AS "groupUid", m.user_uid AS "userUid", c.match
       FROM group_members m JOIN grant_conditions c ON c.group_uid = m.group_uid WHERE m.user_uid = ANY($1::text[])`,
      [userUids],
    );
  }

  async noteFaults(
    judged: readonly RuledMember[],
    faults: readonly ConditionFault[],
  ): Promise<void> {
    const { sql } = this.#context;
    if (judged.length > 0)
      await sql.query(
        `DELETE FROM grant_condition_faults f USING ${rowsOf(1, 'n', judgedColumns)}
         WHERE f.group_uid = n.group_uid AND f.user_uid = n.user_uid`,
        arraysOf(
          judgedColumns,
          judged.map(({ groupUid, userUid }) => ({ group_uid: groupUid, user_uid: userUid })),
        ),
      );
    if (faults.length === 0) return;
    await sql.query(
      `INSERT INTO grant_condition_faults (group_uid, user_uid, problem)
       SELECT n.group_uid, n.user_uid, n.problem FROM ${rowsOf(1, 'n', faultColumns)} ON CONFLICT DO NOTHING`,
      arraysOf(
        faultColumns,
        faults.map(({ groupUid, userUid, problem }) => ({
          group_uid: groupUid,
          user_uid: userUid,
          problem,
        })),
      ),
    );
  }

  async #uids(text: string, parameters: readonly unknown[] = []): Promise<readonly string[]> {
    const rows = await this.#context.sql.query<{ uid: string }>(text, parameters);
    return rows.map(({ uid }) => uid);
  }
}
