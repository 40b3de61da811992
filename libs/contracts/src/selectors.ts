import { z } from 'zod';
import { LabelKey, Labels, LabelValue } from './metadata.ts';
import { NamespaceName, ClusterName } from './names.ts';

/** One requirement of a label selector. `values` belong to In and NotIn only. */
export const MatchExpression = z
  .strictObject({
    key: LabelKey,
    operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
    values: z.array(LabelValue).max(64).exactOptional(),
  })
  .refine(
    ({ operator, values }) =>
      operator === 'In' || operator === 'NotIn'
        ? (values?.length ?? 0) > 0
        : (values?.length ?? 0) === 0,
    { message: 'In and NotIn need values; Exists and DoesNotExist take none', path: ['values'] },
  );
export type MatchExpression = z.infer<typeof MatchExpression>;

const labelFields = {
  matchLabels: Labels.exactOptional(),
  matchExpressions: z.array(MatchExpression).max(32).exactOptional(),
  all: z.literal(true, { error: 'may only be true; leave it out otherwise' }).exactOptional(),
};

interface SelectorShape {
  readonly names?: readonly string[];
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly unknown[];
  readonly all?: true;
  readonly owned?: true;
}

/** An empty selector is refused, because it must never come to mean "everything". */
function isOneSelector(selector: SelectorShape): boolean {
  const { names, matchLabels, matchExpressions, all, owned } = selector;
  const labelsNamed = matchLabels !== undefined || matchExpressions !== undefined;
  let ways = labelsNamed ? 1 : 0;
  for (const way of [names, all, owned]) if (way !== undefined) ways++;
  if (ways !== 1 || !labelsNamed) return ways === 1;
  return Object.keys(matchLabels ?? {}).length + (matchExpressions?.length ?? 0) > 0;
}

const oneOf =
  'exactly one of "names", "matchLabels"/"matchExpressions" (not empty) and "all: true"; nothing never means everything';

const oneOfNamespaces =
  'exactly one of "names", "matchLabels"/"matchExpressions" (not empty), "all: true" and "owned: true"; nothing never means everything';

/** Which clusters: by name, by label, or `all: true`. */
export const ClusterSelector = z
  .strictObject({
    names: z.array(ClusterName).min(1, 'name at least one cluster').max(1000).exactOptional(),
    ...labelFields,
  })
  .refine(isOneSelector, { message: oneOf });
export type ClusterSelector = z.infer<typeof ClusterSelector>;

/**
 * Which namespaces: by name (at most 500), by label, `all: true` (every one that the cluster does not protect), or
 * `owned: true` (in each cluster those that the team owns which the grant names).
 */
export const NamespaceSelector = z
  .strictObject({
    names: z.array(NamespaceName).min(1, 'name at least one namespace').max(500).exactOptional(),
    ...labelFields,
    owned: z.literal(true, { error: 'may only be true; leave it out otherwise' }).exactOptional(),
  })
  .refine(isOneSelector, { message: oneOfNamespaces });
export type NamespaceSelector = z.infer<typeof NamespaceSelector>;

/** Where a grant holds: clusters, and either namespaces or `clusterWide: true`. */
export const ScopeWrite = z
  .strictObject({
    clusters: ClusterSelector,
    namespaces: NamespaceSelector.exactOptional(),
    clusterWide: z
      .literal(true, { error: 'may only be true; leave it out otherwise' })
      .exactOptional(),
  })
  .refine((scope) => (scope.namespaces === undefined) !== (scope.clusterWide === undefined), {
    message: 'exactly one of "namespaces" and "clusterWide: true"; nothing never means everything',
  });
export type ScopeWrite = z.infer<typeof ScopeWrite>;

const selectorOut = z.object({
  names: z.array(z.string()).optional(),
  matchLabels: z.record(z.string(), z.string()).optional(),
  matchExpressions: z
    .array(
      z.object({ key: z.string(), operator: z.string(), values: z.array(z.string()).optional() }),
    )
    .optional(),
  all: z.boolean().optional(),
});

export const Scope = z.object({
  clusters: selectorOut,
  namespaces: selectorOut.extend({ owned: z.boolean().optional() }).optional(),
  clusterWide: z.boolean().optional(),
});
export type Scope = z.infer<typeof Scope>;
