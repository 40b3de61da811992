import type { TokenRole } from '@ambit/contracts';
import { AppError } from '@ambit/kernel';
import type {
  ClosableGroup,
  HeldRole,
  NamedDelegation,
  PutUser,
  Transaction,
} from '@ambit/persistence';
import { clusterRoleDangers, roleDangers } from '@ambit/rbac';

/** Why a group is closed. */
type Closure = string;

/**
 * The transaction as a token of this role has it: what changes a group that is closed to the role is refused, by
 * whatever way it comes. Group and grants are read in the transaction itself, so no replica that lags opens anything.
 */
export function withClosedGroups(tx: Transaction, role: TokenRole | undefined): Transaction {
  if (role !== 'sync') return tx;
  return {
    ...tx,
    groups: closedGroups(tx, role),
    members: closedMembers(tx, role),
    users: {
      find: (name) => tx.users.find(name),
      put: async (input) => {
        await refuseReturn(tx, input, role);
        return tx.users.put(input);
      },
      remove: (name, options) => tx.users.remove(name, options),
    },
  };
}

function closedGroups(tx: Transaction, role: TokenRole): Transaction['groups'] {
  const byName = async (name: string): Promise<ClosableGroup | undefined> => {
    const found = await tx.groups.find(name);
    return found === null ? undefined : { ...found, closedTo: found.closedTo ?? null };
  };
  return {
    find: (name) => tx.groups.find(name),
    put: async (input) => {
      const before = await byName(input.name);
      refuseClosing(input, before, role);
      const refuse = await refusalOf(tx, before, role);
      const put = await tx.groups.put(input);
      refuse(put.outcome !== 'unchanged');
      return put;
    },
    remove: async (name, options) => {
      const refuse = await refusalOf(tx, await byName(name), role);
      refuse(true);
      return tx.groups.remove(name, options);
    },
  };
}

function closedMembers(tx: Transaction, role: TokenRole): Transaction['members'] {
  const changed = async (
    groupUid: string,
    change: () => Promise<readonly string[]>,
  ): Promise<readonly string[]> => {
    const refuse = await refusalOf(tx, await tx.sync.group(groupUid), role);
    const users = await change();
    refuse(users.length > 0);
    return users;
  };
  return {
    add: (uid, users) => changed(uid, () => tx.members.add(uid, users)),
    remove: (uid, users) => changed(uid, () => tx.members.remove(uid, users)),
    givenTo: (user, source) => tx.members.givenTo(user, source),
    // Leaving is always open: a source takes nothing but what it gave.
    give: async (user, source, groups) => {
      const changes = await tx.members.give(user, source, groups);
      for (const { uid } of changes.given)
        (await refusalOf(tx, await tx.sync.group(uid), role))(true);
      return changes;
    },
    takeAll: (source) => tx.members.takeAll(source),
  };
}

/** Why those who sync people may not put anybody into the group; undefined when they may. */
export async function closedToSync(tx: Transaction, groupUid: string): Promise<string | undefined> {
  const group = await tx.sync.group(groupUid);
  return group === undefined ? undefined : closureOf(tx, group, 'sync');
}

/** Judges the group as it is now; what is given throws afterwards when something did change, which undoes it. */
async function refusalOf(
  tx: Transaction,
  group: ClosableGroup | undefined,
  role: TokenRole,
): Promise<(changed: boolean) => void> {
  const why = group === undefined ? undefined : await closureOf(tx, group, role);
  return (changed) => {
    if (group !== undefined && why !== undefined && changed) throw groupClosed(group, why, role);
  };
}

/** Why the group is closed to the role: a Delegation gives rights in Ambit itself by it, somebody said so, or nobody did and a grant gives it a role to take care of. */
async function closureOf(
  tx: Transaction,
  { uid, closedTo }: ClosableGroup,
  role: TokenRole,
): Promise<Closure | undefined> {
  const [delegation] = await tx.sync.delegationsOf({ kind: 'Group', uid });
  if (delegation !== undefined) return delegated(delegation);
  if (closedTo === null) return dangerOf(await tx.sync.heldRoles({ kind: 'Group', uid }));
  return closedTo.includes(role) ? `Its spec.closedTo names ${role}.` : undefined;
}

function dangerOf(roles: readonly HeldRole[]): Closure | undefined {
  for (const { grant, role, clusterRole, rules, reported } of roles) {
    const [danger] =
      clusterRole === null ? roleDangers(rules ?? []) : clusterRoleDangers(clusterRole, reported);
    if (danger !== undefined) return `Grant ${grant} gives it the role ${role}, which ${danger}.`;
  }
  return undefined;
}

const delegated = ({ name, role }: NamedDelegation): Closure =>
  `Delegation ${name} gives it the role ${role} in Ambit itself.`;

function refuseClosing(
  { name, closedTo }: { readonly name: string; readonly closedTo?: readonly string[] },
  before: ClosableGroup | undefined,
  role: TokenRole,
): void {
  if (closedTo === undefined) return;
  if (JSON.stringify(closedTo) === JSON.stringify(before?.closedTo ?? null)) return;
  throw new AppError(
    'group_closed',
    `A token of the role ${role} cannot set closedTo of ${name}.`,
    {
      why: 'It says what such tokens may not change.',
      hint: 'Leave spec.closedTo out; it stays as it is. A token of the role admin can set it.',
      details: { group: name, role },
    },
  );
}

/** Who was locked comes back into everything they hold, so it counts as joining. Leaving is always open. */
async function refuseReturn(tx: Transaction, input: PutUser, role: TokenRole): Promise<void> {
  if (!input.active) return;
  const before = await tx.users.find(input.name);
  if (before === null || before.active) return;
  for (const group of await tx.sync.groupsOf(before.uid)) {
    const closure = await closureOf(tx, group, role);
    if (closure !== undefined) throw groupClosed(group, closure, role, input.name);
  }
  const subject = { kind: 'User', uid: before.uid } as const;
  const [delegation] = await tx.sync.delegationsOf(subject);
  const own =
    delegation === undefined ? dangerOf(await tx.sync.heldRoles(subject)) : delegated(delegation);
  if (own === undefined) return;
  throw new AppError(
    'group_closed',
    `A token of the role ${role} cannot make ${input.name} active again.`,
    {
      why: own.replace('gives it', `gives ${input.name}`),
      hint: 'A token of the role admin can.',
      details: { user: input.name, role },
    },
  );
}

function groupClosed(
  { name }: ClosableGroup,
  why: Closure,
  role: TokenRole,
  returning?: string,
): AppError {
  const message =
    returning === undefined
      ? `Group ${name} is closed to tokens of the role ${role}.`
      : `${returning} is a member of Group ${name}, which is closed to tokens of the role ${role}, and cannot be made active again by one.`;
  return new AppError('group_closed', message, {
    why,
    hint: 'A token of the role admin can make the change, or open the group with closedTo: [] in its spec.',
    details: { group: name, role },
  });
}
