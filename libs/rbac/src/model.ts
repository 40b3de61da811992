/** The parts of Kubernetes' RBAC objects that Ambit reads and writes (`rbac.authorization.k8s.io/v1`). */

export interface PolicyRule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}

export interface RbacSubject {
  readonly kind: 'User' | 'Group' | 'ServiceAccount';
  readonly apiGroup?: string;
  readonly name: string;
  readonly namespace?: string;
}

export interface RoleRef {
  readonly apiGroup: string;
  readonly kind: 'ClusterRole' | 'Role';
  readonly name: string;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly deletionTimestamp?: string;
  readonly creationTimestamp?: string;
}

export type RbacKind = 'ClusterRole' | 'ClusterRoleBinding' | 'RoleBinding' | 'Role';

export interface RoleObject {
  readonly apiVersion: 'rbac.authorization.k8s.io/v1';
  readonly kind: 'ClusterRole' | 'Role';
  readonly metadata: ObjectMeta;
  readonly rules: readonly PolicyRule[] | null;
  readonly aggregationRule?: unknown;
}

export interface BindingObject {
  readonly apiVersion: 'rbac.authorization.k8s.io/v1';
  readonly kind: 'ClusterRoleBinding' | 'RoleBinding';
  readonly metadata: ObjectMeta;
  readonly roleRef: RoleRef;
  readonly subjects?: readonly RbacSubject[];
}

export type RbacObject = RoleObject | BindingObject;

export const rbacApiGroup = 'rbac.authorization.k8s.io';
export const rbacApiVersion = 'rbac.authorization.k8s.io/v1';

/** Labels and annotations that say an object is ours (see `docs/architecture.md`). */
export const ambitLabels = {
  managedBy: 'ambit.dev/managed-by',
  cluster: 'ambit.dev/cluster',
  installation: 'ambit.dev/installation',
} as const;
export const managedByValue = 'ambit';
/** On a namespace that is kept for a team: its name. Beside it stands whose agent keeps it. */
export const teamLabel = 'ambit.dev/team';
export const keptLabels = [teamLabel, ambitLabels.installation] as const;
/** On such a namespace: keys of the labels that we set, sorted, joined by commas. What others set is never touched. */
export const setLabelsAnnotation = 'ambit.dev/set-labels';
export const ambitAnnotations = {
  identity: 'ambit.dev/identity',
  intents: 'ambit.dev/intents',
  notAfter: 'ambit.dev/not-after',
  revision: 'ambit.dev/revision',
} as const;

/** Most subjects one object of ours holds: about 23 KB of JSON, far under the 1.5 MiB of etcd. */
export const maxSubjectsPerObject = 256;
