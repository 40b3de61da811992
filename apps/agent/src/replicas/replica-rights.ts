import type { PolicyRule } from '@ambit/rbac';

/** The name of the Lease and of the Secret by which the replicas of an agent know each other, in its own namespace. */
export const replicaObjects = 'ambit-agent';

/**
 * What a replica may do in its own namespace. The Secret is made by whoever gives the rights: whoever may make Secrets may
 * have tokens of any ServiceAccount put into one. RBAC knows no names where something is made, so the gate says which Lease.
 */
export const replicaRules: readonly PolicyRule[] = [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
  {
    apiGroups: ['coordination.k8s.io'],
    resources: ['leases'],
    resourceNames: [replicaObjects],
    verbs: ['get', 'patch'],
  },
  {
    apiGroups: [''],
    resources: ['secrets'],
    resourceNames: [replicaObjects],
    verbs: ['get', 'patch'],
  },
];
