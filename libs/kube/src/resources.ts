import { rbacApiGroup } from '@ambit/rbac';
import type { ObjectMeta } from '@ambit/rbac';

/** One kind of object as the API server's paths name it. */
export interface KubeResource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** Any object as the API server shows it. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
}

export interface Namespace extends KubeObject {
  readonly status?: { readonly phase?: string };
}

/** Where one object is: `namespace` for namespaced kinds only. */
export interface ObjectName {
  readonly name: string;
  readonly namespace?: string;
}

const rbac = { group: rbacApiGroup, version: 'v1' };

/** The kinds Ambit reads and writes. */
export const kubeResources = {
  clusterRoles: { ...rbac, plural: 'clusterroles', kind: 'ClusterRole', namespaced: false },
  clusterRoleBindings: {
    ...rbac,
    plural: 'clusterrolebindings',
    kind: 'ClusterRoleBinding',
    namespaced: false,
  },
  roles: { ...rbac, plural: 'roles', kind: 'Role', namespaced: true },
  roleBindings: { ...rbac, plural: 'rolebindings', kind: 'RoleBinding', namespaced: true },
  namespaces: {
    group: '',
    version: 'v1',
    plural: 'namespaces',
    kind: 'Namespace',
    namespaced: false,
  },
  serviceAccounts: {
    group: '',
    version: 'v1',
    plural: 'serviceaccounts',
    kind: 'ServiceAccount',
    namespaced: true,
  },
  secrets: { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true },
  leases: {
    group: 'coordination.k8s.io',
    version: 'v1',
    plural: 'leases',
    kind: 'Lease',
    namespaced: true,
  },
  certificateSigningRequests: {
    group: 'certificates.k8s.io',
    version: 'v1',
    plural: 'certificatesigningrequests',
    kind: 'CertificateSigningRequest',
    namespaced: false,
  },
} as const satisfies Record<string, KubeResource>;

/** The path of a kind, of all of it or of one namespace; names may hold any script, so every segment is encoded. */
export function collectionPath(resource: KubeResource, namespace?: string): string {
  const root =
    resource.group === ''
      ? `/api/${resource.version}`
      : `/apis/${resource.group}/${resource.version}`;
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${scope}/${resource.plural}`;
}

/** The path of one object. */
export function objectPath(resource: KubeResource, key: ObjectName): string {
  return `${collectionPath(resource, key.namespace)}/${encodeURIComponent(key.name)}`;
}

/** `NAMESPACE/NAME`, or `NAME` for kinds without namespaces. Neither part can hold a slash. */
export function keyText(key: ObjectName): string {
  return key.namespace === undefined ? key.name : `${key.namespace}/${key.name}`;
}
