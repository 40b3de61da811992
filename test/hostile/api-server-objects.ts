import type { PolicyRule } from '@ambit/rbac';
import type { Dice } from './api-server-dice.ts';
import { rbacApi, rbacGroup } from './api-server-world.ts';
import type { OwnersWill } from './api-server-world.ts';

export interface Meta {
  name: string;
  namespace?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: object[];
  generateName?: string;
}

export interface Subject {
  kind: string;
  apiGroup?: string;
  namespace?: string;
  name: string;
}

/** An object of RBAC that is about to be spoilt. */
export interface Draft {
  apiVersion: string;
  kind: 'RoleBinding' | 'ClusterRoleBinding' | 'ClusterRole';
  metadata: Meta;
  roleRef?: { apiGroup: string; kind: string; name: string };
  subjects?: Subject[];
  rules?: PolicyRule[];
  aggregationRule?: object;
}

/** The name of the object of ours of each kind that stands in the cluster throughout. */
export const standing = {
  RoleBinding: 'ambit-view-standingaaaa',
  ClusterRoleBinding: 'ambit-view-standingbbbb',
  ClusterRole: 'ambit-reader-standingcccc',
} as const;

export const person = (name: string): Subject => ({ kind: 'User', apiGroup: rbacGroup, name });

export function collectionOf({ kind, metadata }: Draft): string {
  if (kind === 'ClusterRole') return `${rbacApi}/clusterroles`;
  if (kind === 'ClusterRoleBinding') return `${rbacApi}/clusterrolebindings`;
  return `${rbacApi}/namespaces/${metadata.namespace ?? ''}/rolebindings`;
}

function meta(name: string): Meta {
  return {
    name,
    labels: {
      'ambit.dev/managed-by': 'ambit',
      'ambit.dev/cluster': 'cluster',
      'ambit.dev/installation': 'installation',
    },
    annotations: { 'ambit.dev/identity': name },
  };
}

/** Exactly what an honest agent would write under this ceiling. */
export function honestBinding(dice: Dice, will: OwnersWill, name?: string): Draft {
  const role = dice.pick(will.allowedClusterRoles);
  const wide = will.clusterScope && name === undefined && dice.chance(0.3);
  const metadata = meta(name ?? `ambit-${role}-${dice.letters(12)}`);
  const count = 1 + dice.below(4);
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: wide ? 'ClusterRoleBinding' : 'RoleBinding',
    metadata: wide ? metadata : { ...metadata, namespace: dice.pick(['payments', 'default']) },
    roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: role },
    subjects: Array.from({ length: count }, (_, index) => person(`ambit:person-${index}`)),
  };
}

/** A role of ours with rules that this ceiling covers; without any where it covers none. */
export function honestRole(dice: Dice, will: OwnersWill, name?: string): Draft {
  const [first] = will.customRules;
  const verbs = first === undefined ? [] : [dice.pick(first.verbs)];
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: meta(name ?? `ambit-reader-${dice.letters(12)}`),
    rules: first === undefined ? [] : [{ ...first, verbs }],
  };
}

/** The objects of ours that stand throughout, as they are made. */
export function standingObjects(dice: Dice, will: OwnersWill): Draft[] {
  const binding = honestBinding(dice, will, standing.RoleBinding);
  const role = { apiGroup: rbacGroup, kind: 'ClusterRole', name: 'view' };
  const placed: Draft = {
    ...binding,
    roleRef: role,
    metadata: { ...binding.metadata, namespace: 'payments' },
  };
  const { namespace: _, ...everywhere } = placed.metadata;
  const wide: Draft = {
    ...placed,
    kind: 'ClusterRoleBinding',
    metadata: { ...everywhere, name: standing.ClusterRoleBinding },
  };
  const made = [placed, ...(will.clusterScope ? [wide] : [])];
  if (will.customRules.length > 0) made.push(honestRole(dice, will, standing.ClusterRole));
  return made;
}
