import type { DirectoryLoss, DirectoryUser, GivenGroup } from '@ambit/persistence';
import { AppError } from '@ambit/kernel';
import { activeAfter } from '../apply-user.ts';
import { saysNew } from '../change-user.ts';
import { lastSaid, namedUser } from '../said-user.ts';
import type { NamedUser } from '../said-user.ts';
import type { SaidDirectory, SyncedPerson, SyncRefused } from './said-directory.ts';

/** What is known of a directory before a sync. */
export interface KnownDirectory {
  readonly users: readonly DirectoryUser[];
  readonly groups: readonly GivenGroup[];
}

export interface UserChange {
  readonly before: DirectoryUser;
  readonly person: SyncedPerson;
}

/** What becomes of a group; who joins is named by the directory, for they may be made by the same sync. */
export interface GroupChange {
  readonly externalId: string;
  readonly displayName: string;
  /** Absent: it is new. */
  readonly before?: GivenGroup;
  readonly joining: ReadonlySet<string>;
  readonly leavingUids: ReadonlySet<string>;
}

/** All that a sync changes, worked out before anything is written. */
export interface SyncPlan {
  readonly removedUsers: readonly DirectoryUser[];
  readonly createdUsers: readonly NamedUser[];
  readonly changedUsers: readonly UserChange[];
  readonly unchangedUsers: number;
  readonly groups: readonly GroupChange[];
  readonly removedGroups: readonly GivenGroup[];
  readonly unchangedGroups: number;
  /** Who loses access or a membership. */
  readonly losses: readonly DirectoryLoss[];
  readonly refused: readonly SyncRefused[];
}

/** True when there is nothing to write. */
export const changesNothing = (plan: SyncPlan): boolean =>
  [plan.removedUsers, plan.createdUsers, plan.changedUsers, plan.groups, plan.removedGroups].every(
    (list) => list.length === 0,
  );

/** A long plan is made in steps: it waits at `pause` between them, so that other calls go on. */
type Pause = () => Promise<unknown>;
const stepsBetween = 500;

/**
 * What has to change so that the directory is what was said. Whom and what the saying does not name goes when it is whole and
 * stays otherwise; a person who cannot be taken as said stays as they are.
 */
export async function planSync(
  known: KnownDirectory,
  said: SaidDirectory,
  pause: Pause,
): Promise<SyncPlan> {
  const people = await planPeople(known.users, said, pause);
  const going = new Set(people.removedUsers.map(({ uid }) => uid));
  const { uids, ...plan } = people;
  const groups = await planGroups(known.groups, said, { uids, going, pause });
  return {
    ...plan,
    ...groups,
    losses: [...people.losses, ...groups.losses],
    refused: [...people.refused, ...groups.refused],
  };
}

type PeoplePlan = Pick<
  SyncPlan,
  'removedUsers' | 'createdUsers' | 'changedUsers' | 'unchangedUsers' | 'losses' | 'refused'
> & {
  /** By external id: of those who are known, and none of those who come. */
  readonly uids: ReadonlyMap<string, string | typeof comes>;
};

/** Somebody whom the sync makes. */
const comes = Symbol('comes');

async function planPeople(
  known: readonly DirectoryUser[],
  said: SaidDirectory,
  pause: Pause,
): Promise<PeoplePlan> {
  const match = matcher(known);
  const matched = new Set<string>();
  const uids = new Map<string, string | typeof comes>(uidsByExternalId(known));
  const createdUsers: NamedUser[] = [];
  const changedUsers: UserChange[] = [];
  const refused: SyncRefused[] = [];
  let unchangedUsers = 0;
  let step = 0;
  for (const person of said.users.values()) {
    if (++step % stepsBetween === 0) await pause();
    const before = match(person);
    if (before !== undefined) {
      matched.add(before.uid);
      uids.set(person.externalId, before.uid);
    }
    const named = attempted(person, before);
    if (named instanceof AppError) {
      refused.push(refusalOf('User', person.externalId, named));
    } else if (before === undefined) {
      createdUsers.push(named);
      uids.set(person.externalId, comes);
    } else if (saysNew(before, named)) changedUsers.push({ before, person });
    else unchangedUsers++;
  }
  const removedUsers = known.filter((user) =>
    said.whole
      ? !matched.has(user.uid)
      : user.externalId !== undefined && said.removedUsers.has(user.externalId),
  );
  const locked = changedUsers.flatMap(({ before, person }) =>
    before.active && !activeAfter(person.active ?? true, before, before) ? [before] : [],
  );
  const losses = [...removedUsers.filter(({ active }) => active), ...locked].map(({ uid }) => ({
    userUid: uid,
  }));
  return { removedUsers, createdUsers, changedUsers, unchangedUsers, losses, refused, uids };
}

/** Who a person is that is known: by the id for ever, and by the name whom the directory gave no id yet. */
function matcher(
  known: readonly DirectoryUser[],
): (person: SyncedPerson) => DirectoryUser | undefined {
  const byId = new Map<string, DirectoryUser>();
  const byName = new Map<string, DirectoryUser>();
  for (const user of known) {
    if (user.externalId === undefined) byName.set(user.userName.toLowerCase(), user);
    else byId.set(user.externalId, user);
  }
  return ({ externalId, userName }) => byId.get(externalId) ?? byName.get(userName.toLowerCase());
}

function attempted(person: SyncedPerson, before: DirectoryUser | undefined): NamedUser | AppError {
  try {
    return namedUser(person, before && lastSaid(before));
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

export const refusalOf = (
  kind: SyncRefused['kind'],
  externalId: string,
  { code, message, extras: { why } }: AppError,
): SyncRefused => ({
  kind,
  externalId,
  reason: code,
  message: why === undefined ? message : `${message} ${why}`,
});

type GroupsPlan = Pick<
  SyncPlan,
  'groups' | 'removedGroups' | 'unchangedGroups' | 'losses' | 'refused'
>;

async function planGroups(
  known: readonly GivenGroup[],
  said: SaidDirectory,
  { uids, going, pause }: Omit<MembersSaid, 'said'> & { readonly pause: Pause },
): Promise<GroupsPlan> {
  const named = matchedGroups(known, said);
  const groups: GroupChange[] = [];
  const losses: DirectoryLoss[] = [];
  const refused: SyncRefused[] = [];
  let unchangedGroups = 0;
  let step = 0;
  for (const externalId of touchedGroups(said)) {
    if (++step % stepsBetween === 0) await pause();
    const change = groupChange(externalId, named.get(externalId), { said, uids, going });
    if (change === undefined) {
      refused.push(unknownGroup(externalId));
      continue;
    }
    refused.push(...unknownMembers(externalId, said, uids));
    if (isNoChange(change)) unchangedGroups++;
    else groups.push(change);
    losses.push(...lossesOf(change.before, change.leavingUids));
  }
  const matched = new Set([...named.values()].map(({ group }) => group.uid));
  const removedGroups = known.filter(({ group }) =>
    said.whole
      ? !matched.has(group.uid)
      : group.externalId !== undefined && said.removedGroups.has(group.externalId),
  );
  for (const given of removedGroups) losses.push(...lossesOf(given, given.memberUids));
  const staying = losses.filter(({ userUid }) => !going.has(userUid));
  return { groups, removedGroups, unchangedGroups, losses: staying, refused };
}

const uidsByExternalId = (users: readonly DirectoryUser[]): [string, string][] =>
  users.flatMap(({ uid, externalId }) => (externalId === undefined ? [] : [[externalId, uid]]));

/** Groups that are known, by what the sync calls them: a group without an id for ever is known by its display name. */
function matchedGroups(
  known: readonly GivenGroup[],
  said: SaidDirectory,
): ReadonlyMap<string, GivenGroup> {
  const byId = new Map<string, GivenGroup>();
  const byName = new Map<string, GivenGroup>();
  for (const given of known) {
    const { externalId, displayName } = given.group;
    if (externalId === undefined) byName.set(displayName.toLowerCase(), given);
    else byId.set(externalId, given);
  }
  const matched = new Map<string, GivenGroup>();
  for (const externalId of touchedGroups(said)) {
    const found =
      byId.get(externalId) ?? byName.get(said.groups.get(externalId)?.toLowerCase() ?? '');
    if (found !== undefined) matched.set(externalId, found);
  }
  return matched;
}

const touchedGroups = ({ groups, joining, leaving }: SaidDirectory): ReadonlySet<string> =>
  new Set([...groups.keys(), ...joining.keys(), ...leaving.keys()]);

interface MembersSaid {
  readonly said: SaidDirectory;
  readonly uids: PeoplePlan['uids'];
  readonly going: ReadonlySet<string>;
}

/** Undefined for members of a group that nobody knows. */
function groupChange(
  externalId: string,
  before: GivenGroup | undefined,
  { said, uids, going }: MembersSaid,
): GroupChange | undefined {
  const displayName = said.groups.get(externalId) ?? before?.group.displayName;
  if (displayName === undefined) return undefined;
  const wanted = said.joining.get(externalId) ?? new Set<string>();
  const members = before?.memberUids ?? new Set<string>();
  const joining = new Set<string>();
  const staying = new Set<string>();
  for (const user of wanted) {
    const uid = uids.get(user);
    if (uid === undefined) continue;
    if (uid === comes) joining.add(user);
    else {
      staying.add(uid);
      if (!members.has(uid) && !going.has(uid)) joining.add(user);
    }
  }
  const leaving = said.leaving.get(externalId) ?? new Set<string>();
  const leavingUids = new Set<string>();
  if (said.whole) for (const uid of members) if (!staying.has(uid)) leavingUids.add(uid);
  for (const user of leaving) {
    const uid = uids.get(user);
    if (typeof uid === 'string' && members.has(uid)) leavingUids.add(uid);
    joining.delete(user);
  }
  for (const uid of going) leavingUids.delete(uid);
  return {
    externalId,
    displayName,
    joining,
    leavingUids,
    ...(before === undefined ? {} : { before }),
  };
}

const isNoChange = ({ externalId, displayName, before, joining, leavingUids }: GroupChange) =>
  before?.group.externalId === externalId &&
  before.group.displayName === displayName &&
  joining.size + leavingUids.size === 0;

function lossesOf(
  given: GivenGroup | undefined,
  userUids: ReadonlySet<string>,
): readonly DirectoryLoss[] {
  if (given === undefined) return [];
  return Array.from(userUids, (userUid) => ({ groupUid: given.group.uid, userUid }));
}

const unknownGroup = (externalId: string): SyncRefused => ({
  kind: 'Group',
  externalId,
  reason: 'not_found',
  message: 'Members were sent of a group that is neither known nor sent.',
});

/** Members whom nobody knows are left out, and told. */
function unknownMembers(
  externalId: string,
  said: SaidDirectory,
  uids: PeoplePlan['uids'],
): readonly SyncRefused[] {
  const wanted = [...(said.joining.get(externalId) ?? [])];
  const unknown = wanted.filter((user) => !uids.has(user));
  if (unknown.length === 0) return [];
  const some = unknown.slice(0, 3).map((user) => user.slice(0, 64));
  const message = `${unknown.length} of its members are no people of the directory: ${some.join(', ')}.`;
  return [{ kind: 'Group', externalId, reason: 'not_found', message }];
}
