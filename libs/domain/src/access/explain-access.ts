import type { PolicyGrant, PolicyUser } from '../policy-objects.ts';
import { isToldAt, writtenGrant, type CompiledGrant } from '../policy/compiled-grant.ts';
import type { AccessPath, AccessRefusal } from './access-answer.ts';
import { accessPath, byLastingLongest, waysBetween } from './access-paths.ts';
import { blockedEverywhere, elsewhere, nearestFirst, waysOf } from './can-i.ts';
import { scopeHolds } from '../policy/cluster-index.ts';
import { judgePlace, type PlaceInquiry } from './judge-place.ts';
import { unmetConditions, unmetRefusals } from './unmet-conditions.ts';

/** One way of somebody to a role in a place, in force or not. */
export interface ExplainedWay {
  readonly path: AccessPath;
  readonly grant: CompiledGrant;
  /** Absent: it is in force. */
  readonly refusal?: AccessRefusal;
}

/** Why somebody has access in a place, or has not. */
export interface Explanation {
  /** One of the ways is in force, and nothing stands before all of them. */
  readonly allowed: boolean;
  /** Those in force first, then the nearest to it. */
  readonly ways: readonly ExplainedWay[];
  /** When nothing is allowed: why, the nearest to yes first; never empty then. */
  readonly refusals: readonly AccessRefusal[];
}

/**
 * Every way by which somebody comes to a role in a place, and of what comes near why it does not. As `canI` it answers from
 * the policy and from what the agent last reported.
 */
export function explainAccess(place: PlaceInquiry, user: PolicyUser): Explanation {
  const blocked = blockedEverywhere({ ...place, question: place }, user);
  const { ways, here } = waysIn(place, user);
  const inForce = ways.filter(({ refusal }) => refusal === undefined);
  const others = ways.filter(({ refusal }) => refusal !== undefined);
  const refusals = others.flatMap(({ refusal }) => refusal ?? []);
  const near = others.filter(({ refusal }) => refusal?.reason !== 'scope_elsewhere');
  const told =
    blocked === undefined ? inForce : inForce.map((way) => ({ ...way, refusal: blocked }));
  const all = [...told.sort((a, b) => byLastingLongest(a.path, b.path)), ...near];
  if (blocked !== undefined) return { allowed: false, ways: all, refusals: [blocked] };
  if (inForce.length > 0) return { allowed: true, ways: all, refusals: [] };
  // What is granted elsewhere says something only where nothing is granted here.
  if (refusals.length === 0) refusals.push(...elsewhere(place, waysOf(place, user), here));
  if (refusals.length === 0) {
    const message = `No grant names ${user.name} or its groups and teams.`;
    refusals.push({ reason: 'no_grant', message });
  }
  return { allowed: false, ways: all, refusals: nearestFirst(refusals) };
}

function waysIn(
  place: PlaceInquiry,
  user: PolicyUser,
): { readonly ways: readonly ExplainedWay[]; readonly here: ReadonlySet<PolicyGrant> } {
  const { policy, clusterUid } = place;
  const cluster = policy.cluster(clusterUid);
  const ways: ExplainedWay[] = [];
  const here = new Set<PolicyGrant>();
  for (const way of waysOf(place, user)) {
    const ended = Array.from(policy.endedGrantsNaming(way.uid)).filter(
      (grant) => cluster !== undefined && scopeHolds(grant, cluster),
    );
    for (const grant of [...policy.grantsNamingIn(clusterUid, way.uid), ...ended]) {
      here.add(writtenGrant(grant));
      if (!isToldAt(grant, place.now)) continue;
      const judgement = judgePlace(place, grant);
      for (const between of waysBetween(policy, grant, { ...way, userUid: user.uid })) {
        const refusal = judgement && { refusal: { ...judgement, ...between } };
        ways.push({ path: accessPath(policy, grant, between), grant, ...refusal });
      }
    }
  }
  for (const { grant, ways: bySubject } of unmetConditions(policy, user, clusterUid)) {
    here.add(grant);
    const refusals = unmetRefusals(grant, bySubject, judgePlace(place, grant));
    for (const [at, refusal] of refusals.entries())
      ways.push({ path: accessPath(policy, grant, bySubject[at]), grant, refusal });
  }
  return { ways, here };
}

/** What somebody holds in a cluster by the policy: each way, and why one gives nothing at the moment. */
export function accessInCluster(place: PlaceInquiry, user: PolicyUser): readonly ExplainedWay[] {
  const blocked = blockedEverywhere({ ...place, question: place }, user);
  const ways = waysIn(place, user).ways.filter(({ refusal }) => refusal?.reason !== 'grant_ended');
  const told = blocked === undefined ? ways : ways.map((way) => ({ refusal: blocked, ...way }));
  return told.toSorted((a, b) => byLastingLongest(a.path, b.path));
}

/** Whether a grant that is compiled into the cluster names somebody, or a group of theirs, itself or by a team. */
export function isNamedIn(
  place: Pick<PlaceInquiry, 'policy' | 'clusterUid'>,
  user: PolicyUser,
): boolean {
  const { policy, clusterUid } = place;
  const isNamed = waysOf(place, user).some(({ uid }) => {
    for (const _ of policy.grantsNamingIn(clusterUid, uid)) return true;
    return false;
  });
  return isNamed || unmetConditions(policy, user, clusterUid).length > 0;
}
