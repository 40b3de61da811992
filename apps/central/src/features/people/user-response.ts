import { apiVersion } from '@ambit/contracts';
import type { Group, User } from '@ambit/contracts';
import type { PolicyView } from '@ambit/domain';
import type { GroupRecord, UserRecord } from '@ambit/persistence';
import { objectMeta } from '../../platform/object-response.ts';

const named = (displayName: string | undefined): { displayName?: string } =>
  displayName === undefined ? {} : { displayName };

/** The user as it is answered; groups come from the policy in memory. */
export function userResponse(user: UserRecord, policy: PolicyView): User {
  const groups = Array.from(policy.groupsOf(user.uid), (uid) => policy.group(uid)?.name ?? uid);
  return {
    apiVersion,
    kind: 'User',
    metadata: objectMeta(user),
    spec: { ...named(user.displayName), active: user.active },
    status: {
      groups: groups.sort(),
      conditions: [
        user.active
          ? { type: 'Active', status: 'True', reason: 'Active' }
          : {
              type: 'Active',
              status: 'False',
              reason: 'Deactivated',
              message: 'Nothing is granted to this user.',
            },
      ],
    },
  };
}

/** The group as it is answered. */
export function groupResponse(group: GroupRecord): Group {
  const { given = [] } = group;
  return {
    apiVersion,
    kind: 'Group',
    metadata: objectMeta(group),
    spec: {
      ...named(group.displayName),
      members: [...group.members],
      ...(group.closedTo === undefined ? {} : { closedTo: [...group.closedTo] }),
    },
    status: {
      memberCount: new Set([group.members, ...given.map(({ members }) => members)].flat()).size,
      ...(given.length === 0
        ? {}
        : { given: given.map(({ source, members }) => ({ source, members: [...members] })) }),
      conditions: [],
    },
  };
}
