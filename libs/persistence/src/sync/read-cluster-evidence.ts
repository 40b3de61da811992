import type { Millis } from '@ambit/kernel';
import { defined } from '@ambit/kernel';
import type { ApiResource } from '@ambit/rbac';
import type { Sql } from '../sql.ts';
import type { ClusterInventory, InventoryNamespace, InventoryRole } from './cluster-inventory.ts';

/** How a cluster stands now, and which facts are known of it, without the facts. */
export interface EvidenceStanding {
  readonly clusterUid: string;
  /** Another one as soon as anything that `ClusterTold` holds is another; never the same again. */
  readonly version: string;
  /** As `version`, of what `readUnmanaged` reads; absent while its agent never told. */
  readonly unmanagedVersion?: string;
  readonly connectedAt?: Millis;
  readonly disconnectedAt?: Millis;
  readonly lastSeenAt?: Millis;
  readonly appliedRevision?: number;
  /** Its problems that are told as excess, as the agent reported them. */
  readonly excess: readonly unknown[];
}

/** What the agent of a cluster told of it. */
export interface ClusterTold extends ClusterInventory {
  readonly clusterUid: string;
  /** See `EvidenceStanding`. */
  readonly version: string;
  /** As the agent sent it; absent while it never said Hello. */
  readonly ceiling?: unknown;
  /** What the API server serves, in kubectl's order of preference; absent while its agent never told. */
  readonly resources?: readonly ApiResource[];
}

interface StandingRow {
  readonly cluster_uid: string;
  readonly version: string;
  readonly unmanaged: string | null;
  readonly connected_at: Millis | null;
  readonly disconnected_at: Millis | null;
  readonly last_seen_at: Millis | null;
  readonly applied_revision: number | null;
  readonly excess: readonly unknown[] | null;
}

// The ceiling is compared by what it says: the digest beside it is the agent's word.
const version = `concat(v.version, ' ', s.ceiling_version) AS version`;
// A number is read in a fraction of what a date takes.
const millis = (column: string): string =>
  `floor(extract(epoch FROM s.${column}) * 1000)::float8 AS ${column}`;
const standing = `FROM clusters c LEFT JOIN cluster_sync s ON s.cluster_uid = c.uid AND c.removed_at IS NULL
     LEFT JOIN cluster_inventory_versions v ON v.cluster_uid = c.uid WHERE c.uid = ANY($1)`;

/** How clusters stand, in one statement; one that does not exist is not in it. */
export async function readEvidenceStandings(
  sql: Sql,
  clusterUids: readonly string[],
): Promise<readonly EvidenceStanding[]> {
  const rows = await sql.query<StandingRow>(
    `SELECT c.uid AS cluster_uid, ${version}, v.unmanaged::text, s.applied_revision,
       ${['connected_at', 'disconnected_at', 'last_seen_at'].map(millis).join(', ')},
       nullif(jsonb_path_query_array(s.results, '$.problems[*] ? (@.effect == "PROBLEM_EFFECT_EXCESS")'), '[]') AS excess
     ${standing}`,
    [clusterUids],
  );
  return rows.map((row) => ({
    clusterUid: row.cluster_uid,
    version: row.version,
    excess: row.excess ?? [],
    ...defined({
      unmanagedVersion: row.unmanaged,
      connectedAt: row.connected_at,
      disconnectedAt: row.disconnected_at,
      lastSeenAt: row.last_seen_at,
      appliedRevision: row.applied_revision,
    }),
  }));
}

interface ToldRow {
  readonly cluster_uid: string;
  readonly version: string;
  readonly ceiling: unknown;
  readonly namespaces: readonly InventoryNamespace[] | null;
  readonly roles: readonly InventoryRole[] | null;
  readonly resources: readonly ApiResource[] | null;
}

/** What agents told of clusters, in one statement and so of one moment; a cluster that does not exist is not in it. */
export async function readClustersTold(
  sql: Sql,
  clusterUids: readonly string[],
): Promise<readonly ClusterTold[]> {
  const rows = await sql.query<ToldRow>(
    `SELECT c.uid AS cluster_uid, ${version}, s.ceiling,
       (SELECT jsonb_agg(jsonb_build_object('name', n.name, 'labels', n.labels, 'phase', n.phase) ORDER BY n.name)
        FROM cluster_namespaces n WHERE n.cluster_uid = c.uid) AS namespaces,
       (SELECT jsonb_agg(jsonb_build_object('name', r.name, 'rules', r.rules, 'hash', r.hash) ORDER BY r.name)
        FROM cluster_roles r WHERE r.cluster_uid = c.uid) AS roles,
       (SELECT a.items FROM cluster_resources a WHERE a.cluster_uid = c.uid) AS resources
     ${standing}`,
    [clusterUids],
  );
  return rows.map(({ cluster_uid: clusterUid, version: of, namespaces, roles, ...told }) => ({
    clusterUid,
    version: of,
    namespaces: namespaces ?? [],
    clusterRoles: roles ?? [],
    ...defined({ ceiling: told.ceiling, resources: told.resources }),
  }));
}
