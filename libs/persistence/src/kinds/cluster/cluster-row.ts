import type { ClusterWayIn, PolicyCluster, SubjectMode } from '@ambit/domain';
import { defined } from '@ambit/kernel';
import type { ClusterRecord } from '../../records.ts';
import type { Sql } from '../../sql.ts';
import type { KeysetQuery, Page } from '../../queries/page.ts';
import { findOfKind, listKind } from '../list-policy.ts';
import type { StoredKind } from '../stored-kind.ts';
import { type MetaRow, metaColumns, toMeta } from '../record-meta.ts';

export interface ClusterRow extends MetaRow {
  readonly subject_mode: SubjectMode;
  readonly user_prefix: string;
  readonly access: ClusterWayIn | null;
  readonly kube_system_uid: string | null;
}

/** Removed clusters keep their rows, and their names are free. */
const notRemoved = 't.removed_at IS NULL';

/** Removed clusters have rows too: every reader says `removed_at IS NULL`. */
export const selectClusters = `SELECT ${metaColumns}, t.subject_mode, t.user_prefix, t.access, t.kube_system_uid FROM clusters t`;

export function toCluster(row: ClusterRow): ClusterRecord {
  return {
    kind: 'Cluster',
    ...toMeta(row),
    subjectMode: row.subject_mode,
    userPrefix: row.user_prefix,
    ...defined({ access: row.access, kubeSystemUid: row.kube_system_uid }),
  };
}

export function toPolicyCluster(cluster: ClusterRecord): PolicyCluster {
  return {
    kind: 'Cluster',
    uid: cluster.uid,
    name: cluster.name,
    labels: cluster.labels,
    subjectMode: cluster.subjectMode,
    userPrefix: cluster.userPrefix,
    ...defined({ access: cluster.access }),
  };
}

/** Clusters in the database. */
export const clusterRows: StoredKind<ClusterRow, ClusterRecord> = {
  kind: 'Cluster',
  table: 'clusters',
  select: selectClusters,
  searched: ['t.name'],
  toRecord: toCluster,
  columns: { subject_mode: 'text', user_prefix: 'text', access: 'jsonb' },
  toColumns: ({ subjectMode, userPrefix, access }) => ({
    subject_mode: subjectMode,
    user_prefix: userPrefix,
    access: access ?? null,
  }),
  always: notRemoved,
  snapshot: [
    {
      select: `${selectClusters} WHERE ${notRemoved}`,
      toObject: (row: ClusterRow) => toPolicyCluster(toCluster(row)),
    },
  ],
};

/** Removed clusters are not listed. Throws invalid_request. */
export function listClusters(sql: Sql, query: KeysetQuery): Promise<Page<ClusterRecord>> {
  return listKind(sql, clusterRows, query);
}

/** By name; null when there is none. */
export function findCluster(sql: Sql, name: string): Promise<ClusterRecord | null> {
  return findOfKind(sql, clusterRows, name);
}
