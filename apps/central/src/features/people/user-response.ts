import { apiVersion } from '@ambit/contracts';
import type { Group, User } from '@ambit/contracts';
import type { PersonAttributes, PolicyView } from '@ambit/domain';
import { compareText } from '@ambit/kernel';
import { effectiveAttributes } from '@ambit/persistence';
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
    spec: {
      ...named(user.displayName),
      active: user.active,
      ...(Object.keys(user.attributes).length === 0
        ? {}
        : { attributes: written(user.attributes) }),
    },
    status: {
      groups: groups.sort(),
      ...attributesStatus(user),
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

const written = (attributes: PersonAttributes): NonNullable<User['spec']['attributes']> =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      typeof value === 'object' ? [...value] : value,
    ]),
  );

/** Nothing where nothing is known. */
function attributesStatus({
  attributes,
  given = {},
}: UserRecord): Pick<User['status'], 'attributes' | 'given'> {
  const effective = effectiveAttributes(attributes, given);
  if (Object.keys(effective).length === 0) return {};
  const sources = Object.entries(given).sort(([a], [b]) => compareText(a, b));
  return {
    attributes: written(effective),
    ...(sources.length === 0
      ? {}
      : { given: sources.map(([source, said]) => ({ source, attributes: written(said) })) }),
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
