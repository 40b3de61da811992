import { defined } from '@ambit/kernel';
import { subjectRefusal } from '@ambit/rbac';
import { subjectModeOf } from '../names/cluster-naming.ts';
import { serviceOfHolder } from '../names/service-holder.ts';
import type { PolicyGrant, PolicyUser } from '../policy-objects.ts';
import { isToldAt, writtenGrant, type CompiledGrant } from '../policy/compiled-grant.ts';
import type { PolicyView } from '../policy/policy-view.ts';
import {
  refusalReasons,
  type AccessAnswer,
  type AccessPath,
  type AccessRefusal,
} from './access-answer.ts';
import {
  accessPath,
  byLastingLongest,
  untilOf,
  waysBetween,
  type Between,
} from './access-paths.ts';
import { GrantJudge, otherCluster, type Inquiry } from './judge-grant.ts';
import { unmetConditions, unmetRefusals } from './unmet-conditions.ts';

const mostRefusals = 10;
const mostElsewhere = 3;

/** Whether somebody in particular may. */
export interface WhetherSomebody extends Inquiry {
  readonly user: string;
  /** Of a no only the nearest refusal is told, which is the first of all that would be. */
  readonly nearestOnly?: boolean;
}

/**
 * Whether a person may do something in a cluster at a moment, and why. It answers from the policy and from what the
 * agent last reported, so it claims nothing that the cluster's ceiling refuses and knows nothing of bindings that
 * are not ours.
 */
export function canI(inquiry: WhetherSomebody): AccessAnswer {
  const { policy } = inquiry;
  const user = policy.byName('User', inquiry.user);
  if (user?.kind !== 'User') {
    const service = serviceOfHolder(inquiry.user);
    const whom = service === undefined ? `user ${inquiry.user}` : `service identity ${service}`;
    const message = `There is no ${whom}.`;
    return refuse(inquiry, [{ reason: 'user_unknown', message }]);
  }
  const blocked = blockedEverywhere(inquiry, user);
  if (blocked !== undefined) return refuse(inquiry, [blocked]);
  const { paths, refusals } = judged(inquiry, user);
  if (paths.length === 0) return refuse(inquiry, refusals);
  paths.sort(byLastingLongest);
  return { allowed: true, revision: policy.revision, paths, ...untilOf(paths) };
}

/** A way to grants: the user itself, or one of its groups. */
export interface WayToGrant {
  readonly kind: 'User' | 'Group';
  readonly uid: string;
  /** Name of the group. */
  readonly through: string | undefined;
}

/** Every way to a grant, as a path or as the reason why it is none. */
function judged(
  inquiry: WhetherSomebody,
  user: PolicyUser,
): { paths: AccessPath[]; refusals: AccessRefusal[] } {
  const { policy, question } = inquiry;
  const judge = new GrantJudge(inquiry);
  const ways = waysOf(inquiry, user);
  const paths: AccessPath[] = [];
  const refusals: AccessRefusal[] = [];
  const here = new Set<PolicyGrant>();
  const judgeWays = (way: WayToGrant, grant: CompiledGrant): void => {
    here.add(writtenGrant(grant));
    if (!isToldAt(grant, inquiry.now)) return;
    const judgement = judge.judgeHere(grant);
    for (const between of waysBetween(policy, grant, { ...way, userUid: user.uid })) {
      if (judgement === undefined) paths.push(accessPath(policy, grant, between));
      else refusals.push({ ...judgement, ...between });
    }
  };
  for (const way of ways) {
    for (const grant of policy.grantsNamingIn(question.clusterUid, way.uid)) judgeWays(way, grant);
  }
  // Nobody asks what stands in the way of a yes.
  if (paths.length > 0) return { paths, refusals: [] };
  for (const way of ways) {
    for (const grant of policy.endedGrantsNaming(way.uid)) {
      if (judge.standsHere(grant)) judgeWays(way, grant);
    }
  }
  for (const { grant, ways: bySubject } of unmetConditions(policy, user, question.clusterUid)) {
    here.add(grant);
    refusals.push(...unmetRefusals(grant, bySubject, judge.judgeHere(grant)));
  }
  refusals.push(...elsewhere(inquiry, ways, here));
  if (refusals.length === 0) {
    refusals.push({
      reason: 'no_grant',
      message: `No grant names ${user.name} or its groups and teams.`,
    });
  }
  return { paths, refusals };
}

/** Who has hundreds of grants has nearly all of them in other clusters, and some are told. */
export function elsewhere(
  { policy, nearestOnly = false }: Pick<WhetherSomebody, 'policy' | 'nearestOnly'>,
  ways: readonly WayToGrant[],
  here: ReadonlySet<PolicyGrant>,
): readonly AccessRefusal[] {
  const found: AccessRefusal[] = [];
  const most = nearestOnly ? 1 : mostElsewhere;
  for (const { kind, uid, ...between } of ways.flatMap((way) => withTeams(policy, way))) {
    for (const grant of policy.grantsNaming(kind, uid)) {
      if (here.has(grant)) continue;
      found.push({ ...otherCluster(grant), ...defined(between) });
      if (found.length === most) return found;
    }
  }
  return found;
}

interface NamedWay extends Between {
  readonly kind: WayToGrant['kind'] | 'Team';
  readonly uid: string;
}

/** The way itself, and the teams that it leads to. */
function withTeams(policy: PolicyView, { kind, uid, through }: WayToGrant): readonly NamedWay[] {
  const between = defined({ through });
  const teams = Array.from(policy.teamsOf(uid), (team): NamedWay => {
    return { kind: 'Team', uid: team, ...between, ...defined({ team: policy.team(team)?.name }) };
  });
  return [{ kind, uid, ...between }, ...teams];
}

const ranks: ReadonlyMap<string, number> = new Map(
  refusalReasons.map((reason, at) => [reason, at]),
);

function refuse(
  { policy, nearestOnly = false }: WhetherSomebody,
  refusals: AccessRefusal[],
): AccessAnswer {
  const most = nearestOnly ? 1 : mostRefusals;
  const nearest = nearestFirst(refusals).slice(0, most);
  return { allowed: false, revision: policy.revision, refusals: nearest };
}

/** Sorts them by how near they come to a yes. */
export function nearestFirst(refusals: AccessRefusal[]): AccessRefusal[] {
  const rank = ({ reason }: AccessRefusal): number => ranks.get(reason) ?? 0;
  return refusals.sort((a, b) => rank(a) - rank(b));
}

/** What stands in the way of the person whatever was granted. */
export function blockedEverywhere(
  { policy, facts, question }: Pick<Inquiry, 'policy' | 'facts'> & InCluster,
  user: PolicyUser,
): AccessRefusal | undefined {
  if (!user.active) return { reason: 'user_inactive', message: `User ${user.name} is not active.` };
  const cluster = policy.cluster(question.clusterUid);
  if (cluster === undefined || facts.ceiling === undefined) return undefined;
  const subject = policy.subjectIn(cluster, user);
  const refusal = subjectRefusal(subject, facts.ceiling, subjectModeOf(cluster));
  return (
    refusal && { reason: 'ceiling_refused', message: `The cluster's ceiling: ${refusal.message}.` }
  );
}

interface InCluster {
  readonly question: Pick<Inquiry['question'], 'clusterUid'>;
}

/** Every way of somebody to grants. */
export function waysOf(
  { policy }: Pick<Inquiry, 'policy'>,
  user: PolicyUser,
): readonly WayToGrant[] {
  const ways: WayToGrant[] = [{ kind: 'User', uid: user.uid, through: undefined }];
  for (const uid of policy.groupsOf(user.uid)) {
    const group = policy.group(uid);
    if (group !== undefined) ways.push({ kind: 'Group', uid, through: group.name });
  }
  return ways;
}
