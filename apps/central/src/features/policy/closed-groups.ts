import type { TokenRole } from '@ambit/contracts';
import { AppError } from '@ambit/kernel';
import type {
  ClosableGroup,
  HeldRole,
  NamedDelegation,
  NamedReference,
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
      // Who is not there yet holds nothing.
      createAll: (inputs) => tx.users.createAll(inputs),
      remove: (name, options) => tx.users.remove(name, options),
      forgetAttributes: (source) => tx.users.forgetAttributes(source),
      rename: async (name, to) => {
        const before = await tx.users.find(name);
        if (before !== null) await refuseTakeover(tx, before, 'give another name to', role);
        return tx.users.rename(name, to);
      },
      endTemporary: (uid) => tx.users.endTemporary(uid),
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
    const [group] = await tx.sync.groups([groupUid]);
    const refuse = await refusalOf(tx, group, role);
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
      const given = changes.given.map((group) => group.uid);
      await refuseClosed(tx, given, role);
      return changes;
    },
    giveTo: async (group, source, users) => {
      const [found] = await tx.sync.groups([group]);
      const refuse = await refusalOf(tx, found, role);
      const change = await tx.members.giveTo(group, source, users);
      refuse(change.moved.length > 0);
      return change;
    },
    takeFrom: (group, source, users) => tx.members.takeFrom(group, source, users),
    takeAll: (source) => tx.members.takeAll(source),
  };
}

/**
 * Why those who sync people may not put anybody into these groups, by their uids; one into which they may is not there. It
 * takes the same few statements, however many groups they are.
 */
export async function closedToSync(
  tx: Transaction,
  groupUids: readonly string[],
): Promise<ReadonlyMap<string, Closure>> {
  if (groupUids.length === 0) return new Map();
  return closuresOf(tx, await tx.sync.groups(groupUids), 'sync');
}

/** Whom the rules of teams move into or out of these groups of theirs. Throws `group_closed`. */
export const refuseClosedTeams = (tx: Transaction, groupUids: readonly string[]): Promise<void> =>
  refuseClosed(tx, groupUids, 'sync');

async function refuseClosed(
  tx: Transaction,
  groupUids: readonly string[],
  role: TokenRole,
): Promise<void> {
  if (groupUids.length === 0) return;
  const groups = await tx.sync.groups(groupUids);
  const closures = await closuresOf(tx, groups, role);
  for (const group of groups) {
    const why = closures.get(group.uid);
    if (why !== undefined) throw groupClosed(group, why, role);
  }
}

/** Judges the group as it is now; what is given throws afterwards when something did change, which undoes it. */
async function refusalOf(
  tx: Transaction,
  group: ClosableGroup | undefined,
  role: TokenRole,
): Promise<(changed: boolean) => void> {
  const why = group && (await closuresOf(tx, [group], role)).get(group.uid);
  return (changed) => {
    if (group !== undefined && why !== undefined && changed) throw groupClosed(group, why, role);
  };
}

/**
 * Why groups are closed to the role, by their uids: a Delegation gives rights in Ambit itself by one, somebody said so, or
 * nobody did and a grant gives it a role to take care of.
 */
async function closuresOf(
  tx: Transaction,
  groups: readonly ClosableGroup[],
  role: TokenRole,
): Promise<ReadonlyMap<string, Closure>> {
  if (groups.length === 0) return new Map();
  const delegations = await tx.sync.delegationsOf(groups.map(({ uid }) => uid));
  const unsaid = groups.filter(({ uid, closedTo }) => closedTo === null && !delegations.has(uid));
  const held =
    unsaid.length === 0
      ? undefined
      : await tx.sync.heldRoles(
          'Group',
          unsaid.map(({ uid }) => uid),
        );
  const found = groups.flatMap(({ uid, closedTo }): [string, Closure][] => {
    const [delegation] = delegations.get(uid) ?? [];
    if (delegation !== undefined) return [[uid, delegated(delegation)]];
    const danger = closedTo === null ? dangerOf(held?.get(uid) ?? []) : saidClosed(closedTo, role);
    return danger === undefined ? [] : [[uid, danger]];
  });
  return new Map(found);
}

const saidClosed = (closedTo: readonly string[], role: TokenRole): Closure | undefined =>
  closedTo.includes(role) ? `Its spec.closedTo names ${role}.` : undefined;

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
  await refuseTakeover(tx, before, 'make active again', role);
}

/**
 * Who decides which person a User is gets whatever it holds. Throws `group_closed` when that is more than those who sync
 * people may give.
 */
export async function refuseTakeover(
  tx: Transaction,
  { uid, name }: NamedReference,
  what: string,
  role: TokenRole = 'sync',
): Promise<void> {
  const groups = await tx.sync.groupsOf(uid);
  const closures = await closuresOf(tx, groups, role);
  for (const group of groups) {
    const closure = closures.get(group.uid);
    if (closure !== undefined) throw groupClosed(group, closure, role, { name, what });
  }
  const own = await ownClosure(tx, uid);
  if (own === undefined) return;
  throw new AppError('group_closed', `A token of the role ${role} cannot ${what} ${name}.`, {
    why: own.replace('gives it', `gives ${name}`),
    hint: 'A token of the role admin can.',
    details: { user: name, role },
  });
}

async function ownClosure(tx: Transaction, userUid: string): Promise<Closure | undefined> {
  const [delegation] = (await tx.sync.delegationsOf([userUid])).get(userUid) ?? [];
  if (delegation !== undefined) return delegated(delegation);
  return dangerOf((await tx.sync.heldRoles('User', [userUid])).get(userUid) ?? []);
}

function groupClosed(
  { name }: ClosableGroup,
  why: Closure,
  role: TokenRole,
  taken?: { readonly name: string; readonly what: string },
): AppError {
  const message =
    taken === undefined
      ? `Group ${name} is closed to tokens of the role ${role}.`
      : `${taken.name} is a member of Group ${name}, which is closed to tokens of the role ${role}: none can ${taken.what} ${taken.name}.`;
  return new AppError('group_closed', message, {
    why,
    hint: 'A token of the role admin can make the change, or open the group with closedTo: [] in its spec.',
    details: { group: name, role },
  });
}
