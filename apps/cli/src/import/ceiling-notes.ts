import type { CeilingReport } from '@ambit/contracts';

/** What the owner of the cluster has to allow before the objects give anything: without it the agent refuses them. */
export function ceilingNotes(
  ceiling: CeilingReport | undefined,
  objects: readonly { readonly kind: string; readonly spec: object }[],
): string[] {
  if (ceiling === undefined)
    return ['What the ceiling of the cluster allows is not known: its agent never told.'];
  const specs = objects.map(({ kind, spec }) => ({ kind, ...spec }) as Spec);
  const roles = specs.flatMap(({ clusterRole }) => clusterRole ?? []);
  const missing = roles.filter((name) => !ceiling.allowedClusterRoles.includes(name)).sort();
  const wide = specs.some(({ scope }) => scope?.clusterWide === true) && !ceiling.clusterScope;
  const own = specs.some(({ rules }) => rules !== undefined);
  return [
    ...(missing.length === 0
      ? []
      : [
          `The ceiling of the cluster has to allow these first (allowedClusterRoles): ${missing.join(', ')}.`,
        ]),
    ...(wide
      ? [
          'The ceiling of the cluster has to allow grants for the whole cluster first (clusterScope: true).',
        ]
      : []),
    ...(own
      ? ['The ceiling of the cluster has to cover the rules of these roles (customRoles.rules).']
      : []),
  ];
}

interface Spec {
  readonly kind: string;
  readonly clusterRole?: string;
  readonly rules?: unknown;
  readonly scope?: { readonly clusterWide?: boolean };
}
