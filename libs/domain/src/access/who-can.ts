import { compareText } from '@ambit/kernel';
import { subjectRefusal, type Ceiling } from '@ambit/rbac';
import { subjectModeOf } from '../names/cluster-naming.ts';
import type { PolicyCluster } from '../policy-objects.ts';
import type { CompiledGrant } from '../policy/compiled-grant.ts';
import type { AccessPath, Holder, WhoCanAnswer } from './access-answer.ts';
import {
  accessPath,
  byLastingLongest,
  untilOf,
  waysBetween,
  waysBetweenAll,
} from './access-paths.ts';
import { GrantJudge, type Inquiry } from './judge-grant.ts';

/**
 * Everybody who may do something in a cluster at a moment, groups expanded, with every way they may. Costs the
 * grants that reach the cluster and the people they name, whatever the size of the fleet.
 */
export function whoCan(inquiry: Inquiry): WhoCanAnswer {
  const { policy, facts, question } = inquiry;
  const cluster = policy.cluster(question.clusterUid);
  const holders: Holder[] = [];
  if (cluster !== undefined && facts.ceiling !== undefined) {
    for (const [userUid, paths] of pathsByUser(inquiry)) {
      const user = holderName(inquiry, cluster, facts.ceiling, userUid);
      if (user === undefined) continue;
      holders.push({ user, userUid, paths: paths.sort(byLastingLongest), ...untilOf(paths) });
    }
  }
  holders.sort((a, b) => compareText(a.user, b.user));
  return { revision: policy.revision, holders };
}

function pathsByUser(inquiry: Inquiry): Map<string, AccessPath[]> {
  const judge = new GrantJudge(inquiry);
  const paths = new Map<string, AccessPath[]>();
  for (const grant of inquiry.policy.grantsReaching(inquiry.question.clusterUid)) {
    if (judge.judge(grant) !== undefined) continue;
    for (const [userUid, path] of pathsOf(inquiry, grant)) {
      const known = paths.get(userUid);
      if (known === undefined) paths.set(userUid, [path]);
      else known.push(path);
    }
  }
  return paths;
}

/** Each person the grant names, with the way; through two groups or teams a person comes twice. */
export const pathsOf = (
  { policy }: Pick<Inquiry, 'policy'>,
  grant: CompiledGrant,
): Iterable<[string, AccessPath]> =>
  grant.part?.group === undefined ? pathsOfNamed(policy, grant) : pathsOfConditioned(policy, grant);

function* pathsOfNamed(
  policy: Inquiry['policy'],
  grant: CompiledGrant,
): Iterable<[string, AccessPath]> {
  const waysTo = waysBetweenAll(policy, grant);
  for (const { kind, uid } of grant.subjects) {
    const group = kind === 'User' ? undefined : policy.group(uid);
    if (kind !== 'User' && group === undefined) continue;
    const people = kind === 'User' ? [uid] : policy.membersOf(uid);
    const paths = waysTo({ uid, through: group?.name }).map((between) =>
      accessPath(policy, grant, between),
    );
    for (const member of people) for (const path of paths) yield [member, path];
  }
}

function* pathsOfConditioned(
  policy: Inquiry['policy'],
  grant: CompiledGrant,
): Iterable<[string, AccessPath]> {
  for (const { uid } of grant.subjects) {
    const through = policy.group(uid)?.name;
    for (const userUid of policy.membersOf(uid))
      for (const between of waysBetween(policy, grant, { uid, through, userUid }))
        yield [userUid, accessPath(policy, grant, between)];
  }
}

/** The person's name; undefined for who is inactive, gone or refused by the ceiling. */
export function holderName(
  { policy }: Pick<Inquiry, 'policy'>,
  cluster: PolicyCluster,
  ceiling: Ceiling,
  userUid: string,
): string | undefined {
  const user = policy.user(userUid);
  if (user === undefined || !user.active) return undefined;
  const subject = policy.subjectIn(cluster, user);
  const refusal = subjectRefusal(subject, ceiling, subjectModeOf(cluster));
  return refusal === undefined ? user.name : undefined;
}
