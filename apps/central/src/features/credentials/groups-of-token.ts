import { groupsInCluster } from '@ambit/domain';
import type { Entrant, PolicyCluster, PolicyView } from '@ambit/domain';
import { AppError } from '@ambit/kernel';
import type { Millis } from '@ambit/kernel';
import { principalName } from '../../platform/actor.ts';

/** Agents take no more, and API servers have to read all of it with each request. */
const most = 200;
/** With the rest of a token it stays below what an agent reads of one, 8 KiB. */
const mostBytes = 5_000;

/**
 * The groups that a token names in a cluster whose bindings name groups. Throws `too_many_groups`: a token with some of them
 * would give some of the access, and nobody could see why.
 */
export function groupsOfToken(
  policy: PolicyView,
  entrant: Entrant,
  where: { readonly cluster: PolicyCluster; readonly now: Millis },
): readonly string[] {
  const groups = groupsInCluster(policy, entrant, where);
  const bytes = groups.reduce((sum, group) => sum + group.length + 3, 0);
  if (groups.length <= most && bytes <= mostBytes) return groups;
  const cluster = where.cluster.name;
  throw new AppError('too_many_groups', `A token for ${cluster} cannot hold all these groups.`, {
    why: `Grants in ${cluster} name ${groups.length} groups of ${principalName(entrant)}; a token holds ${most} of them at most, and ${mostBytes} bytes.`,
    hint: 'Fewer and larger groups in the grants there, or the subject mode Users, let them in.',
    nextCommand: `ambit get cluster ${cluster} -o yaml`,
    details: { groups: groups.length, most },
  });
}
