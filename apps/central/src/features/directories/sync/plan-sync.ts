import { planGroups } from './plan-groups.ts';
import { planPeople } from './plan-people.ts';
import type { SaidDirectory } from './said-directory.ts';
import type { KnownDirectory, Pause, SyncPlan } from './sync-plan.ts';

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
