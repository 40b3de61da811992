import { compareText } from '@ambit/kernel';
import type { PolicyRule } from '../model.ts';

/**
 * The rules in one canonical form: lists sorted and unique, empty ones left out, rules sorted and unique.
 * Two sets of rules that differ only in order or repetition come out equal. Rules are not merged.
 */
export function normalizeRules(rules: readonly PolicyRule[] | null | undefined): PolicyRule[] {
  const byText = new Map<string, PolicyRule>();
  for (const rule of rules ?? []) {
    const normal = normalizeRule(rule);
    byText.set(JSON.stringify(normal), normal);
  }
  return [...byText.entries()].sort(([a], [b]) => compareText(a, b)).map(([, rule]) => rule);
}

/** True when both say the same up to order and repetition. */
export function sameRules(
  a: readonly PolicyRule[] | null | undefined,
  b: readonly PolicyRule[] | null | undefined,
): boolean {
  return JSON.stringify(normalizeRules(a)) === JSON.stringify(normalizeRules(b));
}

function normalizeRule(rule: PolicyRule): PolicyRule {
  const apiGroups = sorted(rule.apiGroups);
  const resources = sorted(rule.resources);
  const resourceNames = sorted(rule.resourceNames);
  const nonResourceURLs = sorted(rule.nonResourceURLs);
  return {
    ...(apiGroups && { apiGroups }),
    ...(resources && { resources }),
    ...(resourceNames && { resourceNames }),
    ...(nonResourceURLs && { nonResourceURLs }),
    verbs: sorted(rule.verbs) ?? [],
  };
}

function sorted(values: readonly string[] | undefined): string[] | undefined {
  if (values === undefined || values.length === 0) return undefined;
  return [...new Set(values)].sort(compareText);
}
