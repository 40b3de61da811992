import type { PolicyRule } from '../model.ts';
import type { ApiResource } from './api-resource.ts';
import { ResourceCatalog, qualifiedResource } from './resource-catalog.ts';
import { kubernetesResources } from './kubernetes-resources.ts';
import { virtualResource } from './virtual-resources.ts';

/** What rules speak of, by where it is. */
export interface RoleScope {
  /** What belongs to no namespace, sorted: resources, and paths. A binding in a namespace gives none of it. */
  readonly clusterScoped: readonly string[];
  /** True when something is left that a binding in a namespace gives. */
  readonly namespaced: boolean;
}

const builtIn = new ResourceCatalog(kubernetesResources);

/**
 * Tells apart what a binding in a namespace gives of rules and what it cannot, by what clusters serve; by what Kubernetes
 * itself serves, without one. Wildcards and what nobody knows count as namespaced, and so do namespaces: each lies in itself.
 */
export function roleScope(
  rules: readonly PolicyRule[],
  catalogs: readonly ResourceCatalog[] = [],
): RoleScope {
  const clusterScoped = new Set<string>();
  let namespaced = false;
  for (const rule of rules) {
    for (const url of rule.nonResourceURLs ?? []) clusterScoped.add(url);
    for (const [group, resource] of pairs(rule)) {
      const found = lookUp(catalogs, group, resource);
      if (found === undefined) namespaced = true;
      else clusterScoped.add(found);
    }
  }
  return { clusterScoped: [...clusterScoped].sort(), namespaced };
}

function* pairs(rule: PolicyRule): Generator<readonly [group: string, resource: string]> {
  for (const group of rule.apiGroups ?? []) {
    for (const resource of rule.resources ?? []) yield [group, resource];
  }
}

/** The resource in words when it belongs to no namespace wherever it is served. */
function lookUp(
  catalogs: readonly ResourceCatalog[],
  group: string,
  text: string,
): string | undefined {
  const [resource = ''] = text.split('/');
  if (group === '*' || resource === '*' || resource === 'namespaces') return undefined;
  const all = catalogs.length === 0 ? [builtIn] : catalogs;
  const found = all.flatMap((catalog): ApiResource | [] => catalog.exactly(group, resource) ?? []);
  if (found.length > 0) {
    return found.some(({ namespaced }) => namespaced)
      ? undefined
      : qualifiedResource({ group, resource: text });
  }
  return virtualResource(resource, group) && qualifiedResource({ group, resource: text });
}
