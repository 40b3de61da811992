import { compareText } from '@ambit/kernel';
import type { LabelRequirement } from '@ambit/rbac';
import type {
  ClusterSelector,
  GrantScope,
  GrantSubject,
  LabelValues,
  PolicyGrant,
  PolicyGroup,
} from '../policy-objects.ts';
import type { CompiledGrant } from './compiled-grant.ts';

/** A grant's own scope, or that of what a team of it owns, with what tells its part apart. */
export interface ConditionedScope {
  readonly uid: string;
  readonly scope: GrantScope;
  readonly names: readonly GrantSubject[];
}

/**
 * The parts of a grant that has a condition: in each scope one for each of the groups for whom it holds, and nobody where there
 * is none.
 */
export function conditionParts(
  grant: PolicyGrant,
  scopes: readonly ConditionedScope[],
  groups: readonly PolicyGroup[],
): readonly CompiledGrant[] {
  const parts = scopes.flatMap(({ uid, scope, names }) =>
    groups.flatMap((group) => {
      if (group.condition === undefined) return [];
      return {
        ...grant,
        uid: `${uid}/${group.uid}`,
        subjects: [{ kind: 'Group', uid: group.uid } as const],
        scope: withLabels(scope, group.condition.labels),
        part: { of: grant, names, group: group.name },
      };
    }),
  );
  if (parts.length > 0) return parts;
  return [{ ...grant, subjects: [], part: { of: grant, names: [] } }];
}

/** Those clusters of the scope alone whose labels have these values. */
export function withLabels(scope: GrantScope, labels: LabelValues): GrantScope {
  // In one order, whatever the order is in which they were stored.
  const requirements = Object.entries(labels)
    .sort(([a], [b]) => compareText(a, b))
    .map(([key, value]): LabelRequirement =>
      value === null
        ? { key, operator: 'DoesNotExist', values: [] }
        : { key, operator: 'In', values: [value] },
    );
  if (requirements.length === 0) return scope;
  const { clusters, within, namespaces } = scope;
  const own: ClusterSelector = { type: 'selector', selector: { requirements } };
  if (clusters.type === 'all')
    return { clusters: own, ...(within === undefined ? {} : { within }), namespaces };
  if (within === undefined || within.type === 'all') return { clusters, within: own, namespaces };
  if (within.type === 'selector') return { clusters, within: both(within, own), namespaces };
  // Two of the three name clusters or are selectors, so that two are enough.
  if (clusters.type === 'selector')
    return { clusters: within, within: both(clusters, own), namespaces };
  const uids = clusters.uids.filter((uid) => within.uids.includes(uid));
  return { clusters: { type: 'names', uids }, within: own, namespaces };
}

/** A selector without requirements means no cluster, and stays so. */
function both(selector: ClusterSelector | undefined, own: ClusterSelector): ClusterSelector {
  if (selector?.type !== 'selector' || own.type !== 'selector') return selector ?? own;
  const { requirements } = selector.selector;
  if (requirements.length === 0) return selector;
  return {
    type: 'selector',
    selector: { requirements: [...requirements, ...own.selector.requirements] },
  };
}
