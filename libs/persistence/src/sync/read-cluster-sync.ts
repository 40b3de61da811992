import type { Millis } from '@ambit/kernel';
import { defined } from '@ambit/kernel';
import type { Sql } from '../sql.ts';

export interface ClusterSyncRecord {
  readonly clusterUid: string;
  readonly stateEpoch: number;
  readonly sessionEpoch: number;
  readonly replica?: string;
  readonly connectedAt?: Millis;
  /** Absent while connected, as far as the replica that holds the stream could say. */
  readonly disconnectedAt?: Millis;
  /** The newest state that its agent was sent, taken or not. */
  readonly offeredRevision?: number;
  readonly acceptedRevision?: number;
  readonly appliedRevision?: number;
  readonly root?: Uint8Array;
  readonly results?: unknown;
  readonly agentVersion?: string;
  readonly kubernetesVersion?: string;
  readonly ceiling?: unknown;
  readonly ceilingDigest?: string;
  readonly conditions: readonly string[];
  readonly lastSeenAt?: Millis;
}

interface SyncRow {
  readonly cluster_uid: string;
  readonly state_epoch: number;
  readonly session_epoch: number;
  readonly replica: string | null;
  readonly connected_at: Date | null;
  readonly disconnected_at: Date | null;
  readonly offered_revision: number | null;
  readonly accepted_revision: number | null;
  readonly applied_revision: number | null;
  readonly root: Buffer | null;
  readonly results: unknown;
  readonly agent_version: string | null;
  readonly kubernetes_version: string | null;
  readonly ceiling: unknown;
  readonly ceiling_digest: string | null;
  readonly conditions: readonly string[];
  readonly last_seen_at: Date | null;
}

function fromRow(row: SyncRow): ClusterSyncRecord {
  return {
    clusterUid: row.cluster_uid,
    stateEpoch: row.state_epoch,
    sessionEpoch: row.session_epoch,
    ...defined({
      replica: row.replica,
      connectedAt: row.connected_at?.getTime(),
      disconnectedAt: row.disconnected_at?.getTime(),
      offeredRevision: row.offered_revision,
      acceptedRevision: row.accepted_revision,
      appliedRevision: row.applied_revision,
      root: row.root,
      results: row.results,
      agentVersion: row.agent_version,
      kubernetesVersion: row.kubernetes_version,
      ceiling: row.ceiling,
      ceilingDigest: row.ceiling_digest,
    }),
    conditions: row.conditions,
    ...defined({ lastSeenAt: row.last_seen_at?.getTime() }),
  };
}

/** What clusters that ever connected say of themselves; all of them when `clusterUids` is absent. */
export async function readClusterSync(
  sql: Sql,
  clusterUids?: readonly string[],
): Promise<readonly ClusterSyncRecord[]> {
  const rows = await sql.query<SyncRow>(
    `SELECT s.* FROM cluster_sync s JOIN clusters c ON c.uid = s.cluster_uid
     WHERE c.removed_at IS NULL AND ($1::text[] IS NULL OR s.cluster_uid = ANY($1))`,
    [clusterUids ?? null],
  );
  return rows.map(fromRow);
}

/** As `readClusterSync` without what is large and rarely asked for: ceiling and root. */
export async function readSyncResults(
  sql: Sql,
  clusterUids?: readonly string[],
): Promise<readonly ClusterSyncRecord[]> {
  const rows = await sql.query<SyncRow>(
    `SELECT s.cluster_uid, s.state_epoch, s.session_epoch, s.replica, s.connected_at, s.disconnected_at,
       s.offered_revision, s.accepted_revision, s.applied_revision, NULL AS root, s.results, s.agent_version, s.kubernetes_version,
       NULL AS ceiling, NULL AS ceiling_digest, s.conditions, s.last_seen_at
     FROM cluster_sync s JOIN clusters c ON c.uid = s.cluster_uid
     WHERE c.removed_at IS NULL AND ($1::text[] IS NULL OR s.cluster_uid = ANY($1))`,
    [clusterUids ?? null],
  );
  return rows.map(fromRow);
}
