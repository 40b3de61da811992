import type { PolicyGroup, PolicyMembership } from '@ambit/domain';
import type { GroupRecord, NamedReference } from '../../records.ts';
import { type MetaRow, metaColumns, optional, toMeta } from '../record-meta.ts';

export interface GroupRow extends MetaRow {
  readonly display_name: string | null;
  readonly closed_to: readonly string[] | null;
  readonly members: readonly string[];
}

export const selectGroups = `
SELECT ${metaColumns}, t.display_name, t.closed_to,
  (SELECT coalesce(array_agg(u.name ORDER BY u.name), '{}')
   FROM group_members m JOIN users u ON u.uid = m.user_uid WHERE m.group_uid = t.uid) AS members
FROM groups t`;

export function toGroup(row: GroupRow): GroupRecord {
  return {
    kind: 'Group',
    ...toMeta(row),
    ...optional('displayName', row.display_name),
    members: row.members,
    ...optional('closedTo', row.closed_to),
  };
}

export function toPolicyGroup(group: GroupRecord): PolicyGroup {
  return { kind: 'Group', uid: group.uid, name: group.name, labels: group.labels };
}

export function membership(group: NamedReference, user: NamedReference): PolicyMembership {
  return {
    kind: 'Membership',
    uid: `${group.uid}/${user.uid}`,
    name: `${group.name}/${user.name}`,
    groupUid: group.uid,
    userUid: user.uid,
  };
}
