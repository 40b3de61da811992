import type { DirectoryUser } from '@ambit/persistence';
import { AppError } from '@ambit/kernel';
import { activeAfter } from '../apply-user.ts';
import { saysNew } from '../change-user.ts';
import { lastSaid, namedUser } from '../said-user.ts';
import type { NamedUser } from '../said-user.ts';
import type { Pause, SyncPlan, UserChange } from './sync-plan.ts';
import type { SaidDirectory, SyncedPerson, SyncRefused } from './said-directory.ts';

/** Entries between two pauses: a few milliseconds of work. */
export const stepsBetween = 500;

export type PeoplePlan = Pick<
  SyncPlan,
  'removedUsers' | 'createdUsers' | 'changedUsers' | 'unchangedUsers' | 'losses' | 'refused'
> & {
  /** By external id: of those who are known, and none of those who come. */
  readonly uids: ReadonlyMap<string, string | typeof comes>;
};

/** Somebody whom the sync makes. */
export const comes: unique symbol = Symbol('comes');

/** What becomes of people, and by which uids groups may name them. */
export async function planPeople(
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

/**
 * Who a person is that is known: by the id for ever, and by the name whom the directory gave no id yet. Such a one becomes the
 * first who is said by that name, and no second one.
 */
function matcher(
  known: readonly DirectoryUser[],
): (person: SyncedPerson) => DirectoryUser | undefined {
  const byId = new Map<string, DirectoryUser>();
  const byName = new Map<string, DirectoryUser>();
  for (const user of known) {
    if (user.externalId === undefined) byName.set(user.userName.toLowerCase(), user);
    else byId.set(user.externalId, user);
  }
  return ({ externalId, userName }) => byId.get(externalId) ?? taken(byName, userName);
}

/** What has this name, once. */
export function taken<T>(byName: Map<string, T>, name: string): T | undefined {
  const found = byName.get(name.toLowerCase());
  byName.delete(name.toLowerCase());
  return found;
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

const uidsByExternalId = (users: readonly DirectoryUser[]): [string, string][] =>
  users.flatMap(({ uid, externalId }) => (externalId === undefined ? [] : [[externalId, uid]]));
