import type { DirectoryLoss, GivenGroup } from '@ambit/persistence';
import { comes, stepsBetween, taken } from './plan-people.ts';
import type { PeoplePlan } from './plan-people.ts';
import type { GroupChange, Pause, SyncPlan } from './sync-plan.ts';
import type { SaidDirectory, SyncRefused } from './said-directory.ts';

type GroupsPlan = Pick<
  SyncPlan,
  'groups' | 'removedGroups' | 'unchangedGroups' | 'losses' | 'refused'
>;

/** What becomes of groups and their members; people who go take their memberships along. */
export async function planGroups(
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
    const found = byId.get(externalId) ?? taken(byName, said.groups.get(externalId) ?? '');
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
  members: MembersSaid,
): GroupChange | undefined {
  const displayName = members.said.groups.get(externalId) ?? before?.group.displayName;
  if (displayName === undefined) return undefined;
  const held = before?.memberUids ?? new Set<string>();
  const change = {
    externalId,
    displayName,
    joining: joiningOf(externalId, held, members),
    leavingUids: leavingOf(externalId, held, members),
  };
  return before === undefined ? change : { ...change, before };
}

const nobody: ReadonlySet<string> = new Set();

function joiningOf(
  externalId: string,
  held: ReadonlySet<string>,
  { said, uids, going }: MembersSaid,
): ReadonlySet<string> {
  const leaving = said.leaving.get(externalId) ?? nobody;
  const joins = (user: string): boolean => {
    const uid = uids.get(user);
    if (uid === undefined || leaving.has(user)) return false;
    return uid === comes || (!held.has(uid) && !going.has(uid));
  };
  return new Set([...(said.joining.get(externalId) ?? nobody)].filter(joins));
}

/** Whoever goes leaves with everything, not group by group. */
function leavingOf(
  externalId: string,
  held: ReadonlySet<string>,
  { said, uids, going }: MembersSaid,
): ReadonlySet<string> {
  const uidsOf = (users: ReadonlySet<string> = nobody): ReadonlySet<unknown> =>
    new Set([...users].map((user) => uids.get(user)));
  const staying = uidsOf(said.joining.get(externalId));
  const leaving = uidsOf(said.leaving.get(externalId));
  const leaves = (uid: string): boolean =>
    !going.has(uid) && (said.whole ? !staying.has(uid) : leaving.has(uid));
  return new Set([...held].filter(leaves));
}

/** There is nothing to write. */
export const isNoChange = ({
  externalId,
  displayName,
  before,
  joining,
  leavingUids,
}: GroupChange) =>
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
