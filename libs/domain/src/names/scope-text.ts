import { AppError, namespaceNameProblem } from '@ambit/kernel';
import { selectorText } from '@ambit/rbac';
import type { ClusterSelector, GrantScope, NamespaceSelector } from '../policy-objects.ts';
import { checkName } from './check-name.ts';

/** One cluster and a part of it, as people write it on a command line. */
export interface ScopeText {
  readonly cluster: string;
  readonly namespaces:
    | { readonly type: 'clusterWide' }
    | { readonly type: 'all' }
    | { readonly type: 'names'; readonly names: readonly [string] };
}

/**
 * Reads `prod-eu` (the whole cluster), `prod-eu/payments` (one namespace) and `prod-eu/*` (all namespaces that are
 * not protected). Throws `invalid_request` for anything else.
 */
export function parseScope(text: string): ScopeText {
  const [cluster = '', namespace, ...more] = text.split('/');
  const problem = checkName('Cluster', cluster);
  if (problem !== undefined || more.length > 0) throw badScope(text, problem?.message);
  if (namespace === undefined) return { cluster, namespaces: { type: 'clusterWide' } };
  if (namespace === '*') return { cluster, namespaces: { type: 'all' } };
  const wrong = namespaceNameProblem(namespace);
  if (wrong !== undefined) throw badScope(text, `The name of a namespace ${wrong}.`);
  return { cluster, namespaces: { type: 'names', names: [namespace] } };
}

function badScope(text: string, why?: string): AppError {
  return new AppError('invalid_request', `"${text.slice(0, 160)}" is no scope.`, {
    ...(why === undefined ? {} : { why }),
    hint: 'Write CLUSTER for the whole cluster, CLUSTER/NAMESPACE for one namespace, CLUSTER/* for all of them.',
  });
}

/** The scope of a grant for people: `prod-eu/payments`, `env=prod/*`, `*`. `nameOf` gives names of clusters. */
export function grantScopeText(scope: GrantScope, nameOf: (uid: string) => string): string {
  const clusters = clustersText(scope.clusters, nameOf);
  const { namespaces } = scope;
  return namespaces.type === 'clusterWide' ? clusters : `${clusters}/${namespacesText(namespaces)}`;
}

function clustersText(clusters: ClusterSelector, nameOf: (uid: string) => string): string {
  switch (clusters.type) {
    case 'all':
      return '*';
    case 'names':
      return clusters.uids.map(nameOf).join(',');
    case 'selector':
      return `{${selectorText(clusters.selector)}}`;
  }
}

function namespacesText(namespaces: Exclude<NamespaceSelector, { type: 'clusterWide' }>): string {
  switch (namespaces.type) {
    case 'all':
      return '*';
    case 'owned':
      // No namespace can be called so.
      return '(owned)';
    case 'names':
      return namespaces.names.join(',');
    case 'selector':
      return `{${selectorText(namespaces.selector)}}`;
  }
}

const mostNamed = 5;

/** Where in a cluster a grant holds, for people: `cluster-wide`, `in namespaces a, b`, `in every namespace`. */
export function reachText(namespaces: NamespaceSelector): string {
  switch (namespaces.type) {
    case 'clusterWide':
      return 'cluster-wide';
    case 'all':
      return 'in every namespace';
    case 'owned':
      return 'in the namespaces that the team owns';
    case 'selector':
      return `in namespaces with ${selectorText(namespaces.selector)}`;
    case 'names': {
      const { names } = namespaces;
      const more = names.length - mostNamed;
      const named = names.slice(0, mostNamed).join(', ');
      return `in namespace${names.length === 1 ? '' : 's'} ${named}${more > 0 ? ` and ${more} more` : ''}`;
    }
  }
}
