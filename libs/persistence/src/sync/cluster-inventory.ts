import type { PolicyRule } from '@ambit/domain';
import { AppError } from '@ambit/kernel';
import type { Database } from '../database.ts';
import type { OpenTransaction } from '../open-transaction.ts';
import type { Labels } from '../records.ts';
import type { Sql } from '../sql.ts';
import { writeResources } from './cluster-resources.ts';
import type { ResourcesPart } from './cluster-resources.ts';
import { writeUnmanaged } from './cluster-unmanaged.ts';
import type { FoundBinding, UnmanagedUpdate } from './cluster-unmanaged.ts';

export interface InventoryNamespace {
  readonly name: string;
  readonly labels: Labels;
  readonly phase: string;
}

export interface InventoryRole {
  readonly name: string;
  readonly rules: readonly PolicyRule[];
  readonly hash: string;
}

export interface ClusterInventory {
  readonly namespaces: readonly InventoryNamespace[];
  readonly clusterRoles: readonly InventoryRole[];
}

export interface InventoryUpdate extends ClusterInventory {
  readonly clusterUid: string;
  readonly sessionEpoch: number;
  /** Replaces everything held of this cluster. */
  readonly complete: boolean;
  readonly removedNamespaces: readonly string[];
  readonly removedClusterRoles: readonly string[];
  /** Absent: what the API server serves stays as it was told. */
  readonly resources?: ResourcesPart;
  /** Absent: what is not ours stays as it was told. */
  readonly unmanaged?: UnmanagedUpdate;
}

async function removeNamed(open: OpenTransaction, update: InventoryUpdate): Promise<void> {
  const drop = async (
    table: 'cluster_namespaces' | 'cluster_roles',
    kept: readonly { readonly name: string }[],
    removed: readonly string[],
  ): Promise<void> => {
    await open.query(
      `DELETE FROM ${table} WHERE cluster_uid = $1 AND (name = ANY($2) OR ($3 AND NOT name = ANY($4)))`,
      [update.clusterUid, removed, update.complete, kept.map((one) => one.name)],
    );
  };
  await drop('cluster_namespaces', update.namespaces, update.removedNamespaces);
  await drop('cluster_roles', update.clusterRoles, update.removedClusterRoles);
}

async function writeNamed(open: OpenTransaction, update: InventoryUpdate): Promise<void> {
  await open.query(
    `INSERT INTO cluster_namespaces AS t (cluster_uid, name, labels, phase)
     SELECT $1, n.name, n.labels, n.phase FROM jsonb_to_recordset($2::jsonb) AS n(name text, labels jsonb, phase text)
     ON CONFLICT (cluster_uid, name) DO UPDATE SET labels = excluded.labels, phase = excluded.phase
     WHERE (t.labels, t.phase) IS DISTINCT FROM (excluded.labels, excluded.phase)`,
    [update.clusterUid, JSON.stringify(update.namespaces)],
  );
  await open.query(
    `INSERT INTO cluster_roles AS t (cluster_uid, name, rules, hash)
     SELECT $1, r.name, r.rules, r.hash FROM jsonb_to_recordset($2::jsonb) AS r(name text, rules jsonb, hash text)
     ON CONFLICT (cluster_uid, name) DO UPDATE SET rules = excluded.rules, hash = excluded.hash
     WHERE t.hash <> excluded.hash`,
    [update.clusterUid, JSON.stringify(update.clusterRoles)],
  );
}

/** What one cluster may tell of itself. Kubernetes itself is tested with 10,000 namespaces. */
export const mostInventory = { namespaces: 20_000, clusterRoles: 10_000 } as const;

async function refuseTooMuch(open: OpenTransaction, clusterUid: string): Promise<void> {
  const counted = await open.query<{ readonly namespaces: number; readonly roles: number }>(
    `SELECT (SELECT count(*)::int FROM cluster_namespaces WHERE cluster_uid = $1) AS namespaces,
            (SELECT count(*)::int FROM cluster_roles WHERE cluster_uid = $1) AS roles`,
    [clusterUid],
  );
  const { namespaces = 0, roles = 0 } = counted[0] ?? {};
  if (namespaces <= mostInventory.namespaces && roles <= mostInventory.clusterRoles) return;
  throw new AppError('invalid_request', 'The agent tells of more objects than are kept.', {
    why: `It would come to ${namespaces} namespaces and ${roles} ClusterRoles; kept are at most ${mostInventory.namespaces} and ${mostInventory.clusterRoles}.`,
  });
}

/** What became of an inventory. */
export interface WrittenInventory {
  /** False: the session is over, and nothing was written. */
  readonly live: boolean;
  /** Bindings of others that name somebody new. */
  readonly found: readonly FoundBinding[];
}

/**
 * Keeps what a cluster reports of itself; what is as before is not written. Throws
 * invalid_request when it comes to more than `mostInventory`, `mostResources` or `mostUnmanaged`; then nothing is changed.
 */
export function writeInventory(
  database: Database,
  update: InventoryUpdate,
): Promise<WrittenInventory> {
  return database.transaction(async (open) => {
    const live = await open.query(
      'SELECT 1 FROM cluster_sync WHERE cluster_uid = $1 AND session_epoch = $2 FOR SHARE',
      [update.clusterUid, update.sessionEpoch],
    );
    if (live.length === 0) return { live: false, found: [] };
    await removeNamed(open, update);
    await writeNamed(open, update);
    await refuseTooMuch(open, update.clusterUid);
    if (update.resources !== undefined) {
      await writeResources(open, update.clusterUid, update.resources);
    }
    const { clusterUid, unmanaged } = update;
    const found = unmanaged === undefined ? [] : await writeUnmanaged(open, clusterUid, unmanaged);
    return { live: true, found };
  });
}

/** The namespaces and ClusterRoles of one cluster, by name. */
export async function readInventory(sql: Sql, clusterUid: string): Promise<ClusterInventory> {
  const namespaces = await sql.query<InventoryNamespace>(
    'SELECT name, labels, phase FROM cluster_namespaces WHERE cluster_uid = $1 ORDER BY name',
    [clusterUid],
  );
  const clusterRoles = await sql.query<InventoryRole>(
    'SELECT name, rules, hash FROM cluster_roles WHERE cluster_uid = $1 ORDER BY name',
    [clusterUid],
  );
  return { namespaces, clusterRoles };
}

/** Rules that clusters reported of one ClusterRole, one item a cluster that has it. */
export async function readClusterRole(
  sql: Sql,
  clusterUids: readonly string[],
  name: string,
): Promise<readonly (readonly PolicyRule[])[]> {
  const rows = await sql.query<Pick<InventoryRole, 'rules'>>(
    'SELECT rules FROM cluster_roles WHERE cluster_uid = ANY($1) AND name = $2 ORDER BY cluster_uid',
    [clusterUids, name],
  );
  return rows.map(({ rules }) => rules);
}
