import type { PolicyCluster, SubjectMode } from '@ambit/domain';
import type { ClusterRecord } from '../../records.ts';
import { type MetaRow, metaColumns, optional, toMeta } from '../record-meta.ts';

export interface ClusterRow extends MetaRow {
  readonly subject_mode: SubjectMode;
  readonly user_prefix: string;
  readonly kube_system_uid: string | null;
}

/** Removed clusters have rows too: every reader says `removed_at IS NULL`. */
export const selectClusters = `SELECT ${metaColumns}, t.subject_mode, t.user_prefix, t.kube_system_uid FROM clusters t`;

export function toCluster(row: ClusterRow): ClusterRecord {
  return {
    kind: 'Cluster',
    ...toMeta(row),
    subjectMode: row.subject_mode,
    userPrefix: row.user_prefix,
    ...optional('kubeSystemUid', row.kube_system_uid),
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
  };
}
