import type { PolicyRule } from '../model.ts';
import { urlCovers } from './allows.ts';

/** Verdict of `covers`: which atomic rules the owner lacks. */
export interface Coverage {
  readonly covered: boolean;
  readonly uncovered: readonly PolicyRule[];
}

/**
 * Kubernetes' escalation check (component-helpers, policy_comparator.go): does the owner hold all that the servant
 * would get? Stricter than `allows`: resourceNames on an owner's URL rule stop it from covering URLs.
 */
export function covers(
  owner: readonly PolicyRule[] | null | undefined,
  servant: readonly PolicyRule[] | null | undefined,
): Coverage {
  const held = owner ?? [];
  const uncovered = (servant ?? [])
    .flatMap(breakdownRule)
    .filter((atom) => !held.some((rule) => ruleCovers(rule, atom)));
  return { covered: uncovered.length === 0, uncovered };
}

/** The rule as rules of one group, resource, verb and name each, and of one URL and verb each. */
export function breakdownRule(rule: PolicyRule): PolicyRule[] {
  const { apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const named: Pick<PolicyRule, 'resourceNames'>[] =
    resourceNames.length === 0 ? [{}] : resourceNames.map((name) => ({ resourceNames: [name] }));
  const places = apiGroups.flatMap((group) =>
    resources.map((resource) => ({ apiGroups: [group], resources: [resource] })),
  );
  const onResources = places.flatMap((place) =>
    rule.verbs.flatMap((verb) => named.map((name) => ({ ...place, verbs: [verb], ...name }))),
  );
  const onUrls = nonResourceURLs.flatMap((url) =>
    rule.verbs.map((verb) => ({ nonResourceURLs: [url], verbs: [verb] })),
  );
  return [...onResources, ...onUrls];
}

/**
 * Most atomic rules that we compare: about ten times what the largest role of Kubernetes breaks down to. A few short
 * lists multiply to billions, so whoever compares rules of others looks at `ruleAtoms` first.
 */
export const maxRuleAtoms = 20_000;

/** How many atomic rules these break down to. */
export function ruleAtoms(rules: readonly PolicyRule[] | null | undefined): number {
  return (rules ?? []).reduce((atoms, rule) => atoms + atomsOf(rule), 0);
}

function atomsOf(rule: PolicyRule): number {
  const { apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const places = apiGroups.length * resources.length * Math.max(1, resourceNames.length);
  return (places + nonResourceURLs.length) * rule.verbs.length;
}

function ruleCovers(owner: PolicyRule, atom: PolicyRule): boolean {
  return (
    holds(owner.verbs, atom.verbs) &&
    holds(owner.apiGroups, atom.apiGroups) &&
    resourcesCover(owner.resources ?? [], atom.resources ?? []) &&
    namesCover(owner.resourceNames ?? [], atom.resourceNames ?? []) &&
    (atom.nonResourceURLs ?? []).every((path) =>
      (owner.nonResourceURLs ?? []).some((url) => urlCovers(url, path)),
    )
  );
}

function holds(set: readonly string[] = [], wanted: readonly string[] = []): boolean {
  return set.includes('*') || wanted.every((value) => set.includes(value));
}

function resourcesCover(set: readonly string[], wanted: readonly string[]): boolean {
  if (set.includes('*')) return true;
  return wanted.every((resource) => {
    if (set.includes(resource)) return true;
    const slash = resource.indexOf('/');
    return slash !== -1 && set.includes(`*${resource.slice(slash)}`);
  });
}

function namesCover(set: readonly string[], wanted: readonly string[]): boolean {
  if (set.length === 0) return true;
  return wanted.length > 0 && wanted.every((name) => set.includes(name));
}
