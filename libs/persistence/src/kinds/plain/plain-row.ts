import { serviceHolder } from '@ambit/domain';
import type { PolicyPlain, PolicyTeam, PolicyUser } from '@ambit/domain';
import type { PlainRecord } from '../../records.ts';
import type { KeysetQuery, Page } from '../../queries/page.ts';
import { SqlConditions } from '../../queries/sql-conditions.ts';
import type { Sql } from '../../sql.ts';
import { listKind } from '../list-policy.ts';
import { type MetaRow, metaColumns, toMeta } from '../record-meta.ts';
import type { StoredKind } from '../stored-kind.ts';

export interface PlainRow extends MetaRow {
  readonly kind: string;
  readonly spec: Readonly<Record<string, unknown>>;
}

export const selectPlain = `SELECT ${metaColumns}, t.kind, t.spec FROM policy_objects t`;

export function toPlain(row: PlainRow): PlainRecord {
  return { kind: row.kind, ...toMeta(row), spec: row.spec };
}

/** Nothing to the compiler, but for those that grants name. */
export function toPolicyPlain(record: PlainRecord): PolicyPlain | PolicyUser | PolicyTeam {
  const { kind, uid, name, labels, spec } = record;
  switch (compiledKind(kind)) {
    case 'User':
      return serviceHolder(record);
    case 'Team':
      return policyTeam(record);
    case 'Plain':
      return { kind: 'Plain', of: kind, uid, name, labels, spec };
  }
}

/** The team as it is compiled: who is in it and what it owns. */
export function policyTeam({
  uid,
  name,
  labels,
  spec,
}: Pick<PlainRecord, 'uid' | 'name' | 'labels' | 'spec'>): PolicyTeam {
  const {
    members = [],
    owns = [],
    profile,
  } = spec as Partial<Pick<PolicyTeam, 'members' | 'owns' | 'profile'>>;
  // A rule stands in the team with the group of those whom it matches, and the compiler has the group.
  const named = members.map((member) => ({ kind: member.kind, uid: member.uid }));
  return { kind: 'Team', uid, name, labels, members: named, owns, ...(profile && { profile }) };
}

/** What the compiler has an object of a kind without a table of its own as. */
export function compiledKind(kind: string): 'User' | 'Team' | 'Plain' {
  if (kind === 'ServiceIdentity') return 'User';
  return kind === 'Team' ? 'Team' : 'Plain';
}

/** Objects of every kind that needs no table of its own. */
export const plainRows: StoredKind<PlainRow, PlainRecord> = {
  kind: 'Plain',
  table: 'policy_objects',
  select: selectPlain,
  searched: ['t.name'],
  toRecord: toPlain,
  columns: { kind: 'text', spec: 'jsonb' },
  toColumns: ({ kind, spec }) => ({ kind, spec }),
  snapshot: [{ select: selectPlain, toObject: (row: PlainRow) => toPolicyPlain(toPlain(row)) }],
};

/** Objects of one such kind. Throws invalid_request. */
export function listPlain(sql: Sql, kind: string, query: KeysetQuery): Promise<Page<PlainRecord>> {
  const conditions = new SqlConditions();
  conditions.add(`t.kind = ${conditions.value(kind)}`);
  return listKind(sql, plainRows, query, conditions);
}

/** Those of one kind that have one of these names. */
export async function findPlains(
  sql: Sql,
  kind: string,
  names: readonly string[],
): Promise<readonly PlainRecord[]> {
  const text = `${selectPlain} WHERE t.kind = $1 AND t.name = ANY($2::text[])`;
  return (await sql.query<PlainRow>(text, [kind, names])).map(toPlain);
}

/** By kind and name; null when there is none. */
export async function findPlain(sql: Sql, kind: string, name: string): Promise<PlainRecord | null> {
  const text = `${selectPlain} WHERE t.kind = $1 AND t.name = $2`;
  const [row] = await sql.query<PlainRow>(text, [kind, name]);
  return row === undefined ? null : toPlain(row);
}
