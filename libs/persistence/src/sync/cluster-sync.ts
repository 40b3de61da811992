import type { Millis } from '@ambit/kernel';
import { one, type Sql } from '../sql.ts';

export interface StoredHello {
  readonly clusterUid: string;
  /** Which replica of central holds the stream. */
  readonly replica: string;
  readonly stateEpoch: number;
  readonly agentVersion: string;
  readonly kubernetesVersion: string;
  /** The effective ceiling, as the agent sent it. */
  readonly ceiling: unknown;
  readonly ceilingDigest: string;
  readonly at: Millis;
}

/** Gives the new session_epoch. Every older stream of this cluster is fenced off from now on: its writes change nothing. */
export async function openClusterSession(sql: Sql, hello: StoredHello): Promise<number> {
  const { epoch } = await one<{ epoch: number }>(
    sql,
    `INSERT INTO cluster_sync AS s (cluster_uid, state_epoch, session_epoch, replica, agent_version, kubernetes_version,
       ceiling, ceiling_digest, connected_at, last_seen_at)
     VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8, $8)
     ON CONFLICT (cluster_uid) DO UPDATE SET state_epoch = excluded.state_epoch, session_epoch = s.session_epoch + 1,
       replica = excluded.replica, agent_version = excluded.agent_version,
       kubernetes_version = excluded.kubernetes_version, ceiling = excluded.ceiling,
       ceiling_digest = excluded.ceiling_digest, connected_at = excluded.connected_at, disconnected_at = NULL,
       last_seen_at = excluded.last_seen_at
     RETURNING session_epoch AS epoch`,
    [
      hello.clusterUid,
      hello.stateEpoch,
      hello.replica,
      hello.agentVersion,
      hello.kubernetesVersion,
      JSON.stringify(hello.ceiling ?? null),
      hello.ceilingDigest,
      new Date(hello.at),
    ],
  );
  return epoch;
}

/** Fields that are absent stay as they are. */
export interface ClusterSyncUpdate {
  readonly clusterUid: string;
  readonly sessionEpoch: number;
  /** The newest state that was sent; an older one than is stored changes nothing. */
  readonly offeredRevision?: number;
  readonly acceptedRevision?: number;
  readonly appliedRevision?: number;
  readonly root?: Uint8Array;
  readonly results?: unknown;
  readonly ceiling?: unknown;
  readonly ceilingDigest?: string;
  readonly conditions?: readonly string[];
  readonly lastSeenAt?: Millis;
}

const json = (value: unknown): string | null =>
  value === undefined ? null : JSON.stringify(value ?? null);

/**
 * Writes the status of many clusters in one statement. Gives the clusters whose session is over: nothing was written for
 * them, and their streams should end. A cluster may occur once.
 */
export async function flushClusterSync(
  sql: Sql,
  updates: readonly ClusterSyncUpdate[],
): Promise<readonly string[]> {
  if (updates.length === 0) return [];
  const rows = await sql.query<{ cluster_uid: string }>(
    `WITH u AS (
       SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[], $6::jsonb[], $7::jsonb[],
         $8::text[], $9::jsonb[], $10::timestamptz[], $11::bigint[])
       AS u(cluster_uid, session_epoch, accepted, applied, root, results, ceiling, digest, conditions, seen, offered))
     UPDATE cluster_sync s SET
       accepted_revision = coalesce(u.accepted, s.accepted_revision),
       applied_revision = coalesce(u.applied, s.applied_revision),
       root = coalesce(u.root, s.root),
       results = coalesce(u.results, s.results),
       ceiling = coalesce(u.ceiling, s.ceiling),
       ceiling_digest = coalesce(u.digest, s.ceiling_digest),
       conditions = CASE WHEN u.conditions IS NULL THEN s.conditions
                    ELSE ARRAY(SELECT jsonb_array_elements_text(u.conditions)) END,
       last_seen_at = greatest(u.seen, s.last_seen_at),
       offered_revision = greatest(u.offered, s.offered_revision)
     FROM u WHERE s.cluster_uid = u.cluster_uid AND s.session_epoch = u.session_epoch
     RETURNING s.cluster_uid`,
    columnsOf(updates),
  );
  const written = new Set(rows.map((row) => row.cluster_uid));
  return updates.map((update) => update.clusterUid).filter((uid) => !written.has(uid));
}

/** One array per column, in a stable order of rows so that two flushes never wait for each other crosswise. */
function columnsOf(updates: readonly ClusterSyncUpdate[]): unknown[] {
  const rows = [...updates].sort((a, b) => (a.clusterUid < b.clusterUid ? -1 : 1));
  return [
    rows.map((row) => row.clusterUid),
    rows.map((row) => row.sessionEpoch),
    rows.map((row) => row.acceptedRevision ?? null),
    rows.map((row) => row.appliedRevision ?? null),
    rows.map((row) => (row.root === undefined ? null : Buffer.from(row.root))),
    rows.map((row) => json(row.results)),
    rows.map((row) => json(row.ceiling)),
    rows.map((row) => row.ceilingDigest ?? null),
    rows.map((row) => json(row.conditions)),
    rows.map((row) => (row.lastSeenAt === undefined ? null : new Date(row.lastSeenAt))),
    rows.map((row) => row.offeredRevision ?? null),
  ];
}

export interface SessionOfCluster {
  readonly clusterUid: string;
  readonly sessionEpoch: number;
}

/** Where a newer session took the place of one of these, the cluster is connected and stays so. */
export async function closeClusterSessions(
  sql: Sql,
  sessions: readonly SessionOfCluster[],
  at: Millis,
): Promise<void> {
  await sql.query(
    `WITH over AS (
       SELECT s.cluster_uid FROM cluster_sync s
       JOIN unnest($1::text[], $2::bigint[]) AS o(cluster_uid, session_epoch) USING (cluster_uid, session_epoch)
       WHERE s.disconnected_at IS NULL ORDER BY s.cluster_uid FOR UPDATE OF s)
     UPDATE cluster_sync s SET disconnected_at = $3 FROM over WHERE s.cluster_uid = over.cluster_uid`,
    [
      sessions.map(({ clusterUid }) => clusterUid),
      sessions.map(({ sessionEpoch }) => sessionEpoch),
      new Date(at),
    ],
  );
}

/** Ends what a replica left open that stopped without a word. Gives the clusters whose sessions those were. */
export async function closeSessionsOfReplica(
  sql: Sql,
  replica: string,
  at: Millis,
): Promise<readonly string[]> {
  const rows = await sql.query<{ cluster_uid: string }>(
    `UPDATE cluster_sync SET disconnected_at = $2 WHERE replica = $1 AND disconnected_at IS NULL RETURNING cluster_uid`,
    [replica, new Date(at)],
  );
  return rows.map((row) => row.cluster_uid);
}
