import type { GrantWrite } from '@ambit/contracts';
import { hasLabelValues, scopeHolds } from '@ambit/domain';
import type { PolicyView } from '@ambit/domain';
import { counted, defined } from '@ambit/kernel';
import type { ErrorItem } from '@ambit/kernel';
import type { ConditionStanding, GrantRecord } from '@ambit/persistence';
import { grantCondition } from '../../platform/expressions/grant-condition.ts';
import type { ConditionOfGrant, GrantStanding } from './grants-in-force.ts';

const pointer = '/spec/when/match';

/** What is wrong with the condition of a grant, with its place in the text. */
export function conditionProblems({
  subjects,
  scope,
  when,
}: GrantWrite['spec']): Pick<ErrorItem, 'pointer' | 'message'>[] {
  if (when?.match === undefined) return [];
  const parsed = grantCondition(when.match);
  if (!parsed.ok) return [{ pointer, message: parsed.problem }];
  const service = subjects.findIndex((subject) => subject.service !== undefined);
  if (service >= 0)
    return [
      {
        pointer: `/spec/subjects/${service}/service`,
        message:
          'a service identity has no attributes and no groups, so no condition holds for it; give it a grant of its own',
      },
    ];
  if (scope.namespaces?.owned === true && subjects.length > 1)
    return [
      {
        pointer,
        message:
          'a grant with a condition, to what its teams own, names one team; make one such grant for each team',
      },
    ];
  return [];
}

/** How the condition of a grant does, by what is stored and by the clusters that there are. */
export function conditionStanding(
  policy: PolicyView,
  { uid }: GrantRecord,
  standing: ConditionStanding | undefined,
): Pick<GrantStanding, 'condition'> {
  if (standing === undefined) return {};
  const { grantUid: _uid, ...how } = standing;
  return { condition: { ...how, unjudged: unjudged(policy, uid) } };
}

/** Names of clusters of the grant for whose values of labels nothing was worked out. */
function unjudged(policy: PolicyView, grantUid: string): string[] {
  const grant = policy.grant(grantUid);
  if (grant === undefined) return [];
  const known = policy.conditioned(grantUid).flatMap(({ condition }) => condition ?? []);
  // One without labels is for every cluster, and that of a grant of no cluster is not there.
  return Array.from(policy.clusters()).flatMap((cluster) =>
    scopeHolds(grant, cluster) && !known.some(({ labels }) => hasLabelValues(labels, cluster))
      ? cluster.name
      : [],
  );
}

type Condition = { type: string; status: 'True' | 'False'; reason: string; message?: string };

/** The condition `MatchEvaluated` of a grant. */
export function matchEvaluated(condition: ConditionOfGrant): Condition {
  const type = 'MatchEvaluated';
  const { people, faults, example = '', problem = '', unjudged: clusters } = condition;
  const holds = `it holds for ${counted(people, 'person', 'people')}`;
  if (faults > 0)
    return {
      type,
      status: 'False',
      reason: 'MatchFailed',
      message: `it could not be evaluated for ${counted(faults, 'person', 'people')}, such as ${example}, and does not hold for them: ${problem}`,
    };
  if (clusters.length > 0)
    return {
      type,
      status: 'False',
      reason: 'TooManyLabelValues',
      message: `the labels that it reads have too many combinations of values; it holds for nobody on ${clusters.slice(0, 3).join(', ')}${clusters.length > 3 ? ` and ${clusters.length - 3} more` : ''}`,
    };
  return { type, status: 'True', reason: 'Evaluated', ...defined({ message: holds }) };
}
