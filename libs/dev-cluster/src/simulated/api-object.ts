import type { BindingObject, PolicyRule, RbacSubject, RoleObject, RoleRef } from '@ambit/rbac';

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/** Nested names as in `metadata.managedFields`: `f:` a field, `v:` a value of a set, `.` the thing itself. */
export interface FieldsV1 {
  readonly [path: string]: FieldsV1;
}

export interface ManagedFieldsEntry {
  readonly manager: string;
  readonly operation: 'Update' | 'Apply';
  readonly apiVersion: string;
  readonly time: string;
  readonly fieldsType: 'FieldsV1';
  readonly fieldsV1: FieldsV1;
}

export interface ApiMeta {
  readonly name: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly managedFields?: readonly ManagedFieldsEntry[];
}

/** Any object the simulated API server holds. Never changed in place: readers and the history share it. */
export interface ApiObject {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: ApiMeta;
  readonly rules?: readonly PolicyRule[] | null;
  readonly aggregationRule?: { readonly clusterRoleSelectors?: readonly unknown[] };
  readonly subjects?: readonly RbacSubject[];
  readonly roleRef?: RoleRef;
  readonly spec?: { readonly finalizers?: readonly string[] };
  readonly status?: { readonly phase?: string };
  readonly secrets?: readonly unknown[];
  readonly imagePullSecrets?: readonly unknown[];
  readonly automountServiceAccountToken?: boolean;
}

export interface StoreKey {
  readonly name: string;
  /** Empty for kinds without namespaces. */
  readonly namespace: string;
}

export function keyOf(object: ApiObject): StoreKey {
  return { name: object.metadata.name, namespace: object.metadata.namespace ?? '' };
}

/** The object as the evaluator sees it; validation has made sure that it has the shape. */
export function asBinding(object: ApiObject): BindingObject {
  return object as BindingObject;
}

/** The object as the evaluator sees it; validation has made sure that it has the shape. */
export function asRole(object: ApiObject): RoleObject {
  return object as unknown as RoleObject;
}

/** Equal as JSON whatever the order of members. */
export function sameValue(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
