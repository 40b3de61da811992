import { parseScope } from '@ambit/domain';
import { AppError } from '@ambit/kernel';
import type { Scope, ScopeWrite } from './selectors.ts';

/** A scope as people write it (`prod-eu`, `prod-eu/payments`, `prod-eu/*`) as that of a Grant. Throws `invalid_request`. */
export function scopeFromText(text: string): ScopeWrite {
  const { cluster, namespaces } = parseScope(text);
  const clusters = { names: [cluster] };
  if (namespaces.type === 'clusterWide') return { clusters, clusterWide: true };
  if (namespaces.type === 'all') return { clusters, namespaces: { all: true } };
  return { clusters, namespaces: { names: [...namespaces.names] } };
}

const owned = '/(owned)';

/**
 * As `scopeFromText`, and for teams what they own: `prod-eu/(owned)` in one cluster, `*` for all clusters before it. Throws
 * `invalid_request`.
 */
export function grantScopeFromText(text: string): ScopeWrite {
  if (!text.endsWith(owned)) return scopeFromText(text);
  const where = text.slice(0, -owned.length);
  const namespaces = { owned: true } as const;
  if (where === '*') return { clusters: { all: true }, namespaces };
  const { clusters, clusterWide } = scopeFromText(where);
  if (clusterWide === true) return { clusters, namespaces };
  throw new AppError('invalid_request', `"${text.slice(0, 160)}" is no scope.`, {
    hint: 'Write CLUSTER/(owned) or */(owned) for the namespaces that a team owns there.',
  });
}

type SelectorOut = Scope['clusters'];

function selectorText(selector: SelectorOut): string {
  if (selector.all === true) return '*';
  if (selector.names !== undefined) return selector.names.join(',');
  return `{${labelSelectorText(selector)}}`;
}

/** Labels as a selector of lists takes them: `env=prod,region in (eu,us),!old`. */
export function labelSelectorText({
  matchLabels = {},
  matchExpressions = [],
}: Pick<SelectorOut, 'matchLabels' | 'matchExpressions'>): string {
  const equal = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  const others = matchExpressions.map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`;
  });
  return [...equal, ...others].join(',');
}

/** A scope in few words: `prod-eu/payments`, `{env=prod}/{team=payments}`, `*` for all clusters, `prod-eu/(owned)`. */
export function formatScope(scope: Scope): string {
  const clusters = selectorText(scope.clusters);
  if (scope.namespaces === undefined) return clusters;
  // No namespace can be called so.
  const namespaces = scope.namespaces.owned === true ? '(owned)' : selectorText(scope.namespaces);
  return `${clusters}/${namespaces}`;
}
