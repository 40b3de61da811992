import { AppError } from '@ambit/kernel';
import type { NamedReference } from '../records.ts';
import type { Sql } from '../sql.ts';
import { SqlConditions } from './sql-conditions.ts';

/** Whom the teams $uids name, members and approvers. */
const namedBy = (uids: string): string =>
  `SELECT m ->> 'uid' FROM policy_objects p, jsonb_array_elements((p.spec -> 'members') || (p.spec -> 'approvers')) AS m
   WHERE p.kind = 'Team' AND p.uid = ANY(${uids}::text[])`;

type Condition = (uids: string, sources: string) => string;

/** By the table of a kind, what is of a team: itself, whom it names, and grants that name it or that were made for it. */
const conditionsByTable: Readonly<Record<string, Condition>> = {
  policy_objects: (uids) => `t.kind = 'Team' AND t.uid = ANY(${uids}::text[])`,
  groups: (uids) => `t.uid IN (${namedBy(uids)})`,
  users: (uids) => `(t.uid IN (${namedBy(uids)}) OR t.uid IN (
    SELECT g.user_uid FROM group_members g WHERE g.group_uid IN (${namedBy(uids)})))`,
  grants: (uids, sources) => `(t.source = ANY(${sources}::text[]) OR t.uid IN (
    SELECT s.grant_uid FROM grant_subjects s WHERE s.team_uid = ANY(${uids}::text[])))`,
};

/** Adds that only what is of the teams is meant. Throws `internal` for a table of which nothing is of a team. */
export function addOfTeams(
  conditions: SqlConditions,
  table: string,
  teams: readonly NamedReference[],
): void {
  const condition = conditionsByTable[table];
  if (condition === undefined)
    throw new AppError('internal', `Nothing of ${table} belongs to a team.`);
  const uids = conditions.value(teams.map(({ uid }) => uid));
  // A value that the statement does not use has no type.
  const sources =
    table === 'grants' ? conditions.value(teams.map(({ name }) => `team/${name}`)) : '';
  conditions.add(condition(uids, sources));
}

const tables: Readonly<Record<string, string>> = {
  Team: 'policy_objects',
  Group: 'groups',
  User: 'users',
  Grant: 'grants',
};

/** True when the object of the kind is of one of the teams. Throws `internal` for a kind of which nothing is. */
export async function isOfTeams(
  sql: Sql,
  kind: string,
  uid: string,
  teams: readonly NamedReference[],
): Promise<boolean> {
  const table = tables[kind] ?? kind;
  const conditions = new SqlConditions();
  conditions.add(`t.uid = ${conditions.value(uid)}`);
  addOfTeams(conditions, table, teams);
  const rows = await sql.query(`SELECT 1 FROM ${table} t ${conditions.where()}`, conditions.values);
  return rows.length > 0;
}
