import { defined } from '@ambit/kernel';
import type { PolicyCluster, PolicyGrant, PolicyUser } from '../policy-objects.ts';
import { scopeHolds } from '../policy/cluster-index.ts';
import type { PolicyView } from '../policy/policy-view.ts';
import { hasLabelValues } from '../teams/condition-group.ts';
import type { AccessRefusal } from './access-answer.ts';
import type { Judgement } from './judge-grant.ts';
import { waysToSubjects, type Between } from './access-paths.ts';

/** A grant that names somebody and whose condition does not hold for them in a cluster that is in its scope. */
export interface UnmetCondition {
  readonly grant: PolicyGrant;
  /** By what the person is among its subjects; never empty. */
  readonly ways: readonly Between[];
}

/** Those of the cluster that are not ended. */
export function unmetConditions(
  policy: PolicyView,
  user: PolicyUser,
  clusterUid: string,
): readonly UnmetCondition[] {
  const cluster = policy.cluster(clusterUid);
  if (cluster === undefined || !policy.hasConditions) return [];
  const groups = new Set(policy.groupsOf(user.uid));
  const grants = new Set(
    subjectsOf(policy, user).flatMap((uid) => [...policy.conditionalNaming(uid)]),
  );
  return [...grants].flatMap((grant) => {
    if (grant.ended || !scopeHolds(grant, cluster)) return [];
    if (isMet(policy, grant, { cluster, groups })) return [];
    const ways = waysToSubjects(policy, grant.subjects, user.uid);
    return ways.length === 0 ? [] : [{ grant, ways }];
  });
}

/** True when the condition of the grant was found to be true for whoever is in these groups. */
function isMet(
  policy: PolicyView,
  { uid }: PolicyGrant,
  { cluster, groups }: { readonly cluster: PolicyCluster; readonly groups: ReadonlySet<string> },
): boolean {
  return policy
    .conditioned(uid)
    .some(
      (group) =>
        groups.has(group.uid) &&
        group.condition !== undefined &&
        hasLabelValues(group.condition.labels, cluster),
    );
}

/** By what a grant may name the user: themselves, their groups, and the teams of both. */
function subjectsOf(policy: PolicyView, { uid }: PolicyUser): string[] {
  return [uid, ...policy.groupsOf(uid)].flatMap((each) => [each, ...policy.teamsOf(each)]);
}

/** Why such a grant gives nothing, by each of the ways: what else stands against it comes first. */
export const unmetRefusals = (
  grant: PolicyGrant,
  ways: readonly Between[],
  judgement: Judgement,
): readonly AccessRefusal[] =>
  ways.map((between) =>
    judgement === undefined ? conditionRefusal(grant, between) : { ...judgement, ...between },
  );

/** What the condition reads of the person is not known here. */
const conditionRefusal = ({ name, match = '' }: PolicyGrant, by: Between): AccessRefusal => ({
  reason: 'condition_not_met',
  message: `Grant ${name} names ${byText(by)}, but its condition does not hold: ${match}`,
  grant: name,
  match,
  ...defined({ through: by.through, team: by.team }),
});

function byText({ through, team }: Between): string {
  const group = through === undefined ? undefined : `group ${through}`;
  if (team !== undefined)
    return group === undefined ? `team ${team}` : `team ${team}, which has ${group}`;
  return group ?? 'the person';
}
