import { findGroup, listGroups } from '@ambit/persistence';
import type { GroupRecord } from '@ambit/persistence';
import { auditRemoved, policyKind, uidsOf } from '../policy/public.ts';
import { auditGroup } from './group-audit.ts';
import { groupResponse } from './user-response.ts';

/** Groups of people. A document without `members` leaves the memberships as they are. */
export const groupKind = policyKind<'Group', GroupRecord>({
  kind: 'Group',
  completedByCommit: true,
  references: ({ spec }) =>
    (spec.members ?? []).map((name, i) => ({
      kind: 'User',
      name,
      pointer: `/spec/members/${i}`,
    })),
  put: async ({ tx, names }, { spec }, meta) => {
    const { members, ...rest } = spec;
    const memberUids = members === undefined ? {} : { memberUids: uidsOf(names, 'User', members) };
    const put = await tx.groups.put({ ...meta, ...rest, ...memberUids });
    auditGroup(tx, put);
    return put;
  },
  remove: async (tx, name, options) => {
    const removed = await tx.groups.remove(name, options);
    return auditRemoved(tx, { kind: 'Group', type: 'group.deleted' }, removed);
  },
  reading: {
    find: findGroup,
    list: listGroups,
    answer: (groups) => groups.map(groupResponse),
  },
});
