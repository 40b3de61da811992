import { kubernetesResources, rbacApiGroup } from '@ambit/rbac';
import type { ApiObject } from './api-object.ts';

/** One kind the simulated API server serves. */
export interface ServedResource {
  readonly group: string;
  readonly version: 'v1';
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames?: readonly string[];
  readonly subresources?: readonly {
    readonly name: string;
    readonly kind: string;
    readonly verbs: readonly string[];
  }[];
  /** PUT and apply of a name that is not there make the object. */
  readonly createsOnUpdate: boolean;
  /** Members that are stored besides `metadata`; others are dropped, as Kubernetes does without strict validation. */
  readonly fields: readonly (keyof ApiObject)[];
}

const rbac = { group: rbacApiGroup, version: 'v1', createsOnUpdate: true } as const;
const core = { group: '', version: 'v1', createsOnUpdate: false } as const;

export const clusterRoles: ServedResource = {
  ...rbac,
  plural: 'clusterroles',
  singular: 'clusterrole',
  kind: 'ClusterRole',
  namespaced: false,
  fields: ['rules', 'aggregationRule'],
};
export const clusterRoleBindings: ServedResource = {
  ...rbac,
  plural: 'clusterrolebindings',
  singular: 'clusterrolebinding',
  kind: 'ClusterRoleBinding',
  namespaced: false,
  fields: ['subjects', 'roleRef'],
};
export const roles: ServedResource = {
  ...rbac,
  plural: 'roles',
  singular: 'role',
  kind: 'Role',
  namespaced: true,
  fields: ['rules'],
};
export const roleBindings: ServedResource = {
  ...rbac,
  plural: 'rolebindings',
  singular: 'rolebinding',
  kind: 'RoleBinding',
  namespaced: true,
  fields: ['subjects', 'roleRef'],
};
export const namespaces: ServedResource = {
  ...core,
  plural: 'namespaces',
  singular: 'namespace',
  kind: 'Namespace',
  namespaced: false,
  shortNames: ['ns'],
  fields: ['spec', 'status'],
};
export const serviceAccounts: ServedResource = {
  ...core,
  plural: 'serviceaccounts',
  singular: 'serviceaccount',
  kind: 'ServiceAccount',
  namespaced: true,
  shortNames: ['sa'],
  subresources: [{ name: 'token', kind: 'TokenRequest', verbs: ['create'] }],
  fields: ['secrets', 'imagePullSecrets', 'automountServiceAccountToken'],
};

export const servedResources: readonly ServedResource[] = [
  clusterRoles,
  clusterRoleBindings,
  roles,
  roleBindings,
  namespaces,
  serviceAccounts,
];

/** Other kinds of Kubernetes: named in discovery and always empty, so that questions about access to them can be asked. */
export const emptyResources: readonly ServedResource[] = kubernetesResources
  .filter(({ resource, kind }) => !/\/|reviews$/.test(resource) && kind !== 'Binding')
  // Policies judge nothing here: whoever looks for them has to hear that there are none.
  .filter(({ group }) => group !== 'admissionregistration.k8s.io')
  .filter(({ group, resource }) =>
    servedResources.every((each) => each.group !== group || each.plural !== resource),
  )
  .map(({ group, resource, singular, kind, namespaced, shortNames }) => ({
    group,
    version: 'v1',
    plural: resource,
    singular,
    kind,
    namespaced,
    ...(shortNames.length === 0 ? {} : { shortNames }),
    subresources: kubernetesResources
      .filter((each) => each.group === group && each.resource.startsWith(`${resource}/`))
      .map((each) => ({
        name: each.resource.slice(resource.length + 1),
        kind: each.kind,
        verbs: ['create', 'get', 'patch', 'update'],
      })),
    createsOnUpdate: false,
    fields: [],
  }));

export const namespacedResources = servedResources.filter((resource) => resource.namespaced);

/** `v1` or `GROUP/v1`. */
export function apiVersionOf(resource: Pick<ServedResource, 'group' | 'version'>): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/** `PLURAL.GROUP`, as messages name a kind. */
export function qualifiedPlural(resource: Pick<ServedResource, 'group' | 'plural'>): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
}

/** `KIND.GROUP`, as messages about fields name a kind. */
export function qualifiedKind(resource: Pick<ServedResource, 'group' | 'kind'>): string {
  return resource.group === '' ? resource.kind : `${resource.kind}.${resource.group}`;
}
