import { defined } from '@ambit/kernel';
import { findCluster, listClusters } from '@ambit/persistence';
import type { ClusterRecord, Put, Removed, Transaction } from '@ambit/persistence';
import { auditRemoved, objectOf, policyKind } from '../policy/public.ts';
import type { Audit } from '../policy/public.ts';
import { ClusterReader } from './cluster-reader.ts';

/** Clusters of the fleet. One that a grant names cannot be deleted, only removed. */
export const clusterKind = policyKind<'Cluster', ClusterRecord>({
  kind: 'Cluster',
  put: async ({ tx }, { spec }, meta) => {
    const { mode: subjectMode, userPrefix } = spec.subjects;
    const access = defined({ access: spec.access });
    const put = await tx.clusters.put({ ...meta, subjectMode, userPrefix, ...access });
    auditCluster(tx, put);
    return put;
  },
  remove: async (tx, name, options) =>
    auditClusterRemoved(tx, await tx.clusters.remove(name, options)),
  reading: {
    find: findCluster,
    list: listClusters,
    answer: (clusters, parts) => new ClusterReader(parts).answer(clusters),
  },
});

/** The end of a cluster, with the grants that named it. Gives it back. */
export function auditClusterRemoved(
  tx: Pick<Transaction, 'audit'>,
  removed: Removed<ClusterRecord>,
): Removed<ClusterRecord> {
  const facts = { cluster: removed.record.name };
  const event = { kind: 'Cluster', type: 'cluster.removed', verb: 'removed', facts } as const;
  return auditRemoved(tx, event, removed);
}

function auditCluster({ audit }: Audit, { outcome, record, previous }: Put<ClusterRecord>): void {
  if (outcome === 'unchanged') return;
  const created = outcome === 'created';
  const [now, before] = [wayInOf(record), wayInOf(previous)];
  audit.record({
    type: created ? 'cluster.added' : 'cluster.updated',
    message: `Cluster ${record.name} was ${created ? 'added' : 'updated'}`,
    cluster: record.name,
    object: objectOf('Cluster', record),
    ...(now === before ? {} : { details: { access: now, accessBefore: before } }),
  });
}

/** How people get in, and where they send what they get in with. */
function wayInOf(cluster: ClusterRecord | undefined): string {
  const { credential = 'None', via = '', server = '' } = cluster?.access ?? {};
  return [credential, via, server].filter(Boolean).join(' ');
}
