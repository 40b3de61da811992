import type { PolicyRole, PolicyRule } from '@ambit/domain';
import { defined } from '@ambit/kernel';
import type { RoleRecord } from '../../records.ts';
import type { Sql } from '../../sql.ts';
import type { KeysetQuery, Page } from '../../queries/page.ts';
import { findOfKind, listKind } from '../list-policy.ts';
import type { StoredKind } from '../stored-kind.ts';
import { type MetaRow, metaColumns, toMeta } from '../record-meta.ts';

export interface RoleRow extends MetaRow {
  readonly description: string | null;
  readonly cluster_role: string | null;
  readonly rules: readonly PolicyRule[] | null;
  readonly built_in: boolean;
}

export const selectRoles = `SELECT ${metaColumns}, t.description, t.cluster_role, t.rules, t.built_in FROM roles t`;

export function toRole(row: RoleRow): RoleRecord {
  return {
    kind: 'Role',
    ...toMeta(row),
    ...defined({ description: row.description, clusterRole: row.cluster_role, rules: row.rules }),
    builtIn: row.built_in,
  };
}

export function toPolicyRole(role: RoleRecord): PolicyRole {
  return {
    kind: 'Role',
    uid: role.uid,
    name: role.name,
    labels: role.labels,
    ...defined({ clusterRole: role.clusterRole, rules: role.rules }),
  };
}

/** Roles in the database. */
export const roleRows: StoredKind<RoleRow, RoleRecord> = {
  kind: 'Role',
  table: 'roles',
  select: selectRoles,
  searched: ['t.name', 't.description'],
  toRecord: toRole,
  columns: { description: 'text', cluster_role: 'text', rules: 'jsonb' },
  toColumns: ({ description, clusterRole, rules }) => ({
    description,
    cluster_role: clusterRole,
    rules,
  }),
  snapshot: [{ select: selectRoles, toObject: (row: RoleRow) => toPolicyRole(toRole(row)) }],
};

/** Throws invalid_request. */
export function listRoles(sql: Sql, query: KeysetQuery): Promise<Page<RoleRecord>> {
  return listKind(sql, roleRows, query);
}

/** By name; null when there is none. */
export function findRole(sql: Sql, name: string): Promise<RoleRecord | null> {
  return findOfKind(sql, roleRows, name);
}
