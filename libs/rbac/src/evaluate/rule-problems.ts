import type { ErrorItem } from '@ambit/kernel';
import type { PolicyRule } from '../model.ts';

/**
 * What an API server answers 422 to in a rule (pkg/apis/rbac/validation, ValidatePolicyRule), with JSON pointers
 * below `pointer`. Such a rule must not reach `covers`: without verbs or groups it breaks down to nothing.
 */
export function ruleProblems(
  rule: PolicyRule,
  options: { readonly namespaced: boolean; readonly pointer?: string },
): ErrorItem[] {
  const pointer = options.pointer ?? '';
  const items: ErrorItem[] = [];
  const report = (field: string, message: string): void => {
    items.push({ pointer: `${pointer}/${field}`, message });
  };
  if (rule.verbs.length === 0) report('verbs', 'verbs must contain at least one value');
  if (isSet(rule.nonResourceURLs)) {
    if (options.namespaced) {
      report('nonResourceURLs', 'namespaced rules cannot apply to non-resource URLs');
    }
    if (isSet(rule.apiGroups) || isSet(rule.resources) || isSet(rule.resourceNames)) {
      const message = 'rules cannot apply to both regular resources and non-resource URLs';
      report('nonResourceURLs', message);
    }
    return items;
  }
  if (!isSet(rule.apiGroups)) {
    report('apiGroups', 'resource rules must supply at least one api group ("" is the core group)');
  }
  if (!isSet(rule.resources)) {
    report('resources', 'resource rules must supply at least one resource');
  }
  return items;
}

function isSet(list: readonly string[] | undefined): boolean {
  return list !== undefined && list.length > 0;
}
