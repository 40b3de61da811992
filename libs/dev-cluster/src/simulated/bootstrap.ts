import { randomUUID } from 'node:crypto';
import type { ApiObject } from './api-object.ts';
import { bootstrapBindings, bootstrapRoles } from './bootstrap-policy.ts';
import type { BootstrapRole } from './bootstrap-policy.ts';
import type { ObjectStore } from './object-store.ts';
import {
  apiVersionOf,
  clusterRoleBindings,
  clusterRoles,
  namespaces,
  serviceAccounts,
} from './served-resources.ts';
import type { ServedResource } from './served-resources.ts';

const aggregateTo = 'rbac.authorization.k8s.io/aggregate-to-';
const labels = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };
const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'true' };
const firstNamespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/** Fills a fresh store with what a cluster has when its first user comes. `time` is RFC 3339. */
export function bootstrap(store: ObjectStore, time: string): void {
  const put = (
    resource: ServedResource,
    rest: Partial<ApiObject> & Pick<ApiObject, 'metadata'>,
  ): void => {
    const metadata = { ...rest.metadata, uid: randomUUID(), creationTimestamp: time };
    store.put(resource, {
      kind: resource.kind,
      apiVersion: apiVersionOf(resource),
      ...rest,
      metadata,
    });
  };
  for (const role of bootstrapRoles) put(clusterRoles, bootstrapRole(role));
  for (const { name, role, groups } of bootstrapBindings) {
    const apiGroup = clusterRoles.group;
    put(clusterRoleBindings, {
      metadata: { name, labels, annotations },
      roleRef: { apiGroup, kind: 'ClusterRole', name: role },
      subjects: groups.map((group) => ({ kind: 'Group', apiGroup, name: group })),
    });
  }
  for (const name of firstNamespaces) {
    put(namespaces, {
      metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
    put(serviceAccounts, { metadata: { name: 'default', namespace: name } });
  }
}

function bootstrapRole(role: BootstrapRole): Partial<ApiObject> & Pick<ApiObject, 'metadata'> {
  const { name, rules, aggregates, aggregatesTo } = role;
  const extra = aggregatesTo === undefined ? {} : { [`${aggregateTo}${aggregatesTo}`]: 'true' };
  const metadata = { name, labels: { ...labels, ...extra }, annotations };
  if (aggregates === undefined) return { metadata, rules };
  const matchLabels = { [`${aggregateTo}${aggregates}`]: 'true' };
  return { metadata, rules: null, aggregationRule: { clusterRoleSelectors: [{ matchLabels }] } };
}
