import type { GroupCondition, PolicyGroup, PolicyMembership } from '@ambit/domain';
import { defined } from '@ambit/kernel';
import type { GivenMembers, GroupRecord, NamedReference } from '../../records.ts';
import type { Sql } from '../../sql.ts';
import type { KeysetQuery, Page } from '../../queries/page.ts';
import { findOfKind, listKind } from '../list-policy.ts';
import type { StoredKind } from '../stored-kind.ts';
import { type MetaRow, metaColumns, toMeta } from '../record-meta.ts';

export interface GroupRow extends MetaRow {
  readonly display_name: string | null;
  readonly closed_to: readonly string[] | null;
  readonly members: readonly string[];
  readonly given: readonly GivenMembers[] | null;
}

/** A group with the condition whose members it has. */
interface ConditionedRow extends GroupRow {
  readonly condition: GroupCondition | null;
}

export const selectGroups = `
SELECT ${metaColumns}, t.display_name, t.closed_to,
  (SELECT coalesce(array_agg(u.name ORDER BY u.name), '{}')
   FROM group_members m JOIN users u ON u.uid = m.user_uid WHERE m.group_uid = t.uid AND m.local) AS members,
  (SELECT jsonb_agg(jsonb_build_object('source', s.source, 'members', s.members) ORDER BY s.source)
   FROM (SELECT v.source, array_agg(u.name ORDER BY u.name) AS members
         FROM given_memberships v JOIN users u ON u.uid = v.user_uid WHERE v.group_uid = t.uid GROUP BY v.source) s) AS given
FROM groups t`;

const selectMemberships = `
SELECT 'Membership' AS kind, m.group_uid || '/' || m.user_uid AS uid, g.name || '/' || u.name AS name,
  m.group_uid AS "groupUid", m.user_uid AS "userUid"
FROM group_members m JOIN groups g ON g.uid = m.group_uid JOIN users u ON u.uid = m.user_uid`;

export function toGroup(row: GroupRow): GroupRecord {
  return {
    kind: 'Group',
    ...toMeta(row),
    ...defined({ displayName: row.display_name }),
    members: row.members,
    ...defined({ given: row.given, closedTo: row.closed_to }),
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

/** Groups in the database. */
export const groupRows: StoredKind<GroupRow, GroupRecord> = {
  kind: 'Group',
  table: 'groups',
  select: selectGroups,
  searched: ['t.name', 't.display_name'],
  toRecord: toGroup,
  columns: { display_name: 'text', closed_to: 'text[]' },
  toColumns: ({ displayName, closedTo }) => ({ display_name: displayName, closed_to: closedTo }),
  hasParts: true,
  snapshot: [
    {
      select: `SELECT ${metaColumns}, t.display_name, '{}'::text[] AS members, NULL AS given, (
        SELECT jsonb_build_object('grantUid', c.grant_uid, 'labels', c.labels) FROM grant_conditions c WHERE c.group_uid = t.uid) AS condition
      FROM groups t`,
      toObject: ({ condition, ...row }: ConditionedRow) => ({
        ...toPolicyGroup(toGroup(row)),
        ...defined({ condition }),
      }),
    },
    { select: selectMemberships, toObject: (row: PolicyMembership) => row },
  ],
};

/** Throws invalid_request. */
export function listGroups(sql: Sql, query: KeysetQuery): Promise<Page<GroupRecord>> {
  return listKind(sql, groupRows, query);
}

/** By name; null when there is none. */
export function findGroup(sql: Sql, name: string): Promise<GroupRecord | null> {
  return findOfKind(sql, groupRows, name);
}
