import type { PersonAttributes, PolicyUser } from '@ambit/domain';
import { defined } from '@ambit/kernel';
import type { UserRecord } from '../../records.ts';
import type { Sql } from '../../sql.ts';
import type { KeysetQuery, Page } from '../../queries/page.ts';
import type { GivenAttributes } from './given-attributes.ts';
import { findOfKind, listKind } from '../list-policy.ts';
import type { StoredKind } from '../stored-kind.ts';
import { type MetaRow, metaColumns, toMeta } from '../record-meta.ts';

export interface UserRow extends MetaRow {
  readonly display_name: string | null;
  readonly active: boolean;
  readonly attributes: PersonAttributes;
  readonly given_attributes: GivenAttributes;
}

export const selectUsers = `SELECT ${metaColumns}, t.display_name, t.active, t.attributes, t.given_attributes FROM users t`;

export function toUser(row: UserRow): UserRecord {
  return {
    kind: 'User',
    ...toMeta(row),
    ...defined({ displayName: row.display_name }),
    active: row.active,
    attributes: row.attributes,
    ...(Object.keys(row.given_attributes).length === 0 ? {} : { given: row.given_attributes }),
  };
}

export function toPolicyUser(user: UserRecord): PolicyUser {
  return {
    kind: 'User',
    uid: user.uid,
    name: user.name,
    labels: user.labels,
    active: user.active,
  };
}

/** Users in the database. */
export const userRows: StoredKind<UserRow, UserRecord> = {
  kind: 'User',
  table: 'users',
  select: selectUsers,
  searched: ['t.name', 't.display_name'],
  toRecord: toUser,
  columns: { display_name: 'text', active: 'boolean', attributes: 'jsonb' },
  toColumns: ({ displayName, active, attributes }) => ({
    display_name: displayName,
    active,
    attributes,
  }),
  snapshot: [{ select: selectUsers, toObject: (row: UserRow) => toPolicyUser(toUser(row)) }],
};

/** Throws invalid_request. */
export function listUsers(sql: Sql, query: KeysetQuery): Promise<Page<UserRecord>> {
  return listKind(sql, userRows, query);
}

/** By name; null when there is none. */
export function findUser(sql: Sql, name: string): Promise<UserRecord | null> {
  return findOfKind(sql, userRows, name);
}
