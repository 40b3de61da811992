import type { PolicyRule } from '../model.ts';
import type { RequestAttributes, ResourceAttributes } from './request-attributes.ts';

/*
 * Kubernetes' pkg/apis/rbac/v1/evaluation_helpers.go and plugin/pkg/auth/authorizer/rbac. Only `*` and `*` + `/SUB`
 * are wildcards for resources; resourceNames has none; a URL's trailing stars are all trimmed and an inner one is literal.
 */

/** True when any of the rules allows the request. Where it was bound is the caller's business. */
export function allows(
  rules: readonly PolicyRule[] | null | undefined,
  request: RequestAttributes,
): boolean {
  return rules?.some((rule) => ruleAllows(rule, request)) ?? false;
}

/** True when this one rule allows the request. */
export function ruleAllows(rule: PolicyRule, request: RequestAttributes): boolean {
  if (!has(rule.verbs, request.verb) && !has(rule.verbs, '*')) return false;
  if (request.type === 'url') return urlMatches(rule.nonResourceURLs, request.path);
  return (
    (has(rule.apiGroups, request.apiGroup) || has(rule.apiGroups, '*')) &&
    resourceMatches(rule.resources, request) &&
    nameMatches(rule.resourceNames, request.name ?? '')
  );
}

function has(list: readonly string[] | undefined, value: string): boolean {
  return list?.includes(value) ?? false;
}

function resourceMatches(
  resources: readonly string[] | undefined,
  request: ResourceAttributes,
): boolean {
  if (resources === undefined) return false;
  const sub = request.subresource ?? '';
  const combined = sub === '' ? request.resource : `${request.resource}/${sub}`;
  return resources.some(
    (resource) =>
      resource === '*' || resource === combined || (sub !== '' && resource === `*/${sub}`),
  );
}

function nameMatches(names: readonly string[] | undefined, name: string): boolean {
  return names === undefined || names.length === 0 || names.includes(name);
}

function urlMatches(urls: readonly string[] | undefined, path: string): boolean {
  if (urls === undefined) return false;
  return urls.some((url) => url === '*' || urlCovers(url, path));
}

/** True when the URL of a rule stands for `path`: the same text, or a prefix that ends in a star. */
export function urlCovers(url: string, path: string): boolean {
  return url === path || (url.endsWith('*') && path.startsWith(trimStars(url)));
}

function trimStars(url: string): string {
  let end = url.length;
  while (end > 0 && url[end - 1] === '*') end--;
  return url.slice(0, end);
}
