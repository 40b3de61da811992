import { compareText } from '@ambit/kernel';
import type { CompiledGrant } from '../policy/compiled-grant.ts';
import { byLastingLongest } from './access-paths.ts';
import type { ExplainedWay } from './explain-access.ts';
import { judgePlace, type PlaceInquiry } from './judge-place.ts';
import { holderName, pathsOf } from './who-can.ts';

/** Somebody who holds a role in a place, and every way by which. */
export interface RoleHolder {
  readonly user: string;
  readonly userUid: string;
  readonly ways: readonly ExplainedWay[];
}

/**
 * Everybody who holds a role in a place at a moment, groups expanded, sorted by name. `of` keeps the grants that count. As
 * `whoCan` it costs the grants that reach the cluster and the people they name.
 */
export function rolesHeld(
  place: PlaceInquiry,
  of: (grant: CompiledGrant) => boolean = () => true,
): readonly RoleHolder[] {
  const { policy, facts, clusterUid } = place;
  const cluster = policy.cluster(clusterUid);
  if (cluster === undefined || facts.ceiling === undefined) return [];
  const { ceiling } = facts;
  const holders: RoleHolder[] = [];
  for (const [userUid, ways] of waysByUser(place, of)) {
    const user = holderName(place, cluster, ceiling, userUid);
    if (user === undefined) continue;
    holders.push({ user, userUid, ways: ways.sort((a, b) => byLastingLongest(a.path, b.path)) });
  }
  return holders.sort((a, b) => compareText(a.user, b.user));
}

function waysByUser(
  place: PlaceInquiry,
  of: (grant: CompiledGrant) => boolean,
): ReadonlyMap<string, ExplainedWay[]> {
  const byUser = new Map<string, ExplainedWay[]>();
  for (const grant of place.policy.grantsReaching(place.clusterUid)) {
    if (!of(grant) || judgePlace(place, grant) !== undefined) continue;
    for (const [userUid, path] of pathsOf(place, grant)) {
      const known = byUser.get(userUid);
      if (known === undefined) byUser.set(userUid, [{ path, grant }]);
      else known.push({ path, grant });
    }
  }
  return byUser;
}
