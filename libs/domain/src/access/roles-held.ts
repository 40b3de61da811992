import { compareText } from '@ambit/kernel';
import type { CompiledGrant } from '../policy/grant-parts.ts';
import type { AccessPath, Holder } from './access-answer.ts';
import { byLastingLongest, untilOf } from './access-paths.ts';
import { judgePlace, type Place } from './judge-place.ts';
import { holderName, pathsOf } from './who-can.ts';

/**
 * Everybody who holds a role in a place at a moment, groups expanded, sorted by name, with every way. `of` keeps the grants
 * that count. As `whoCan` it costs the grants that reach the cluster and the people they name.
 */
export function rolesHeld(
  place: Place,
  of: (grant: CompiledGrant) => boolean = () => true,
): readonly Holder[] {
  const { policy, facts, clusterUid } = place;
  const cluster = policy.cluster(clusterUid);
  if (cluster === undefined || facts.ceiling === undefined) return [];
  const byUser = new Map<string, AccessPath[]>();
  for (const grant of policy.grantsReaching(clusterUid)) {
    if (!of(grant) || judgePlace(place, grant) !== undefined) continue;
    for (const [userUid, path] of pathsOf(place, grant)) {
      const known = byUser.get(userUid);
      if (known === undefined) byUser.set(userUid, [path]);
      else known.push(path);
    }
  }
  const holders: Holder[] = [];
  for (const [userUid, paths] of byUser) {
    const user = holderName(place, cluster, facts.ceiling, userUid);
    if (user === undefined) continue;
    holders.push({ user, userUid, paths: paths.sort(byLastingLongest), ...untilOf(paths) });
  }
  return holders.sort((a, b) => compareText(a.user, b.user));
}
