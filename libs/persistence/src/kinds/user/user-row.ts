import type { PolicyUser } from '@ambit/domain';
import type { UserRecord } from '../../records.ts';
import { type MetaRow, metaColumns, optional, toMeta } from '../record-meta.ts';

export interface UserRow extends MetaRow {
  readonly display_name: string | null;
  readonly active: boolean;
}

export const selectUsers = `SELECT ${metaColumns}, t.display_name, t.active FROM users t`;

export function toUser(row: UserRow): UserRecord {
  return {
    kind: 'User',
    ...toMeta(row),
    ...optional('displayName', row.display_name),
    active: row.active,
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
