import type { Intent } from '@ambit/rbac';
import { Policy, type PolicyObject } from '../src/index.ts';
import { nodeDigests } from './node-digests.ts';

export const load = (...objects: PolicyObject[]): Policy => Policy.load(1, objects, nodeDigests);

/** Every entry of every cluster by key, as plain values. */
export function stateOf(policy: Policy): Record<string, Record<string, Intent>> {
  const state: Record<string, Record<string, Intent>> = {};
  for (const cluster of policy.clusters()) {
    state[cluster.uid] = Object.fromEntries(
      Array.from(policy.entries(cluster.uid), (entry) => [entry.key, entry]),
    );
  }
  return Object.fromEntries(Object.entries(state).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** (role, namespaces, person) of every BINDING entry of a cluster, readable and sorted. */
export function triplesOf(policy: Policy, clusterUid: string): string[] {
  const triples = new Set<string>();
  for (const entry of policy.entries(clusterUid)) {
    if (entry.section !== 'BINDING') continue;
    const role = entry.role.type === 'existing' ? entry.role.clusterRole : entry.role.roleUid;
    const { scope } = entry;
    const where =
      scope.type === 'clusterWide'
        ? '*'
        : scope.type === 'namespaces'
          ? scope.names.join('+')
          : JSON.stringify(scope.selector.requirements);
    for (const subject of entry.subjects) triples.add(`${role} in ${where}: ${subject}`);
  }
  return [...triples].sort();
}
