import { compareText } from '@ambit/kernel';
import type { PolicyRule, RoleObject } from '../model.ts';
import { parseLabelSelector } from '../selectors/parse-label-selector.ts';
import { selectorMatches } from '../selectors/selector-matches.ts';
import type { LabelSelector } from '../intents.ts';

/**
 * The rules that Kubernetes' aggregation controller would write into `role`; undefined when it would leave the rules
 * alone: no aggregationRule, or one that cannot be read.
 */
export function aggregateRules(
  role: RoleObject,
  clusterRoles: Iterable<RoleObject>,
): PolicyRule[] | undefined {
  const selectors = clusterRoleSelectors(role.aggregationRule);
  if (selectors === undefined) return undefined;
  const byName = [...clusterRoles]
    .filter(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name !== role.metadata.name)
    .sort((a, b) => compareText(a.metadata.name, b.metadata.name));
  const rules = selectors
    .flatMap((selector) =>
      byName.filter(({ metadata }) => selectorMatches(selector, metadata.labels)),
    )
    .flatMap((source) => source.rules ?? []);
  const first = new Map<string, PolicyRule>();
  for (const rule of rules) {
    const text = comparable(rule);
    if (!first.has(text)) first.set(text, rule);
  }
  return [...first.values()];
}

function clusterRoleSelectors(aggregationRule: unknown): LabelSelector[] | undefined {
  if (typeof aggregationRule !== 'object' || aggregationRule === null) return undefined;
  const list = (aggregationRule as { clusterRoleSelectors?: unknown }).clusterRoleSelectors ?? [];
  if (!Array.isArray(list)) return undefined;
  const parsed = list.map((selector: unknown) => parseLabelSelector(selector));
  const selectors = parsed.flatMap((result) => (result.ok ? [result.value] : []));
  return selectors.length === parsed.length ? selectors : undefined;
}

/** Equality of the controller: order counts, an empty list equals an absent one. */
function comparable(rule: PolicyRule): string {
  return JSON.stringify([
    rule.verbs,
    rule.apiGroups ?? [],
    rule.resources ?? [],
    rule.resourceNames ?? [],
    rule.nonResourceURLs ?? [],
  ]);
}
