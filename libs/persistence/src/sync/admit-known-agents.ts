import type { AuditEvent } from '@ambit/domain';
import { eventColumns, eventRecord, toEventRow } from '../audit/event-row.ts';
import { type IdentityRow, toIdentity } from '../queries/agent-identity.ts';
import type { AgentIdentity } from '../records.ts';
import type { Sql } from '../sql.ts';
import type { StoredHello } from './cluster-sync.ts';

/** The Hello of an agent of which everything is known and nothing has to be decided. */
export interface KnownHello extends StoredHello {
  readonly fingerprint: string;
  readonly kubeSystemUid: string;
  readonly clusterName: string;
  /** What the agent holds; absent when it holds nothing. */
  readonly held?: {
    readonly stateEpoch: number;
    readonly revision: number;
    readonly lineage: Uint8Array;
  };
  /** Tells that it connected; stored when it is admitted. */
  readonly event: AuditEvent;
}

export interface AdmittedHello {
  readonly identity: AgentIdentity;
  readonly sessionEpoch: number;
  /** What the agent had accepted when it was last heard. */
  readonly accepted?: { readonly revision: number; readonly root: Uint8Array };
}

/**
 * An agent is known when it completed its last Hello with this very certificate, is not revoked, is in its own cluster,
 * and holds a state that this database made or that a raised epoch explains. The agent's row is locked: what revokes or
 * supersedes it writes that row, and whoever waited for the lock judges by what then stands there.
 */
const admitKnown = `
WITH h AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS h(fingerprint text, "clusterUid" text, "clusterName" text,
    "kubeSystemUid" text, "heldEpoch" bigint, "heldRevision" bigint, "heldLineage" text, replica text,
    "stateEpoch" bigint, "agentVersion" text, "kubernetesVersion" text, ceiling jsonb, "ceilingDigest" text)),
known AS (
  SELECT a.uid AS agent_uid, c.uid AS cluster_uid, c.name AS cluster_name, c.kube_system_uid, c.removed_at,
    x.fingerprint, x.serial, x.not_before, x.not_after, x.completed_hello_at,
    h.replica, h."stateEpoch", h."agentVersion", h."kubernetesVersion", h.ceiling, h."ceilingDigest"
  FROM h JOIN agent_certificates x ON x.fingerprint = h.fingerprint
    JOIN agents a ON a.uid = x.agent_uid JOIN clusters c ON c.uid = a.cluster_uid
    CROSS JOIN installation i CROSS JOIN policy_head p
    LEFT JOIN policy_lineage l ON l.revision = h."heldRevision"
  WHERE a.hello_fingerprint = x.fingerprint AND a.revoked_at IS NULL
    AND x.superseded_at IS NULL AND x.completed_hello_at IS NOT NULL
    AND c.uid = h."clusterUid" AND c.name = h."clusterName" AND c.kube_system_uid = h."kubeSystemUid"
    AND i.state_epoch = h."stateEpoch"
    AND (h."heldEpoch" IS NULL OR h."heldEpoch" < i.state_epoch
      OR (h."heldEpoch" = i.state_epoch AND h."heldRevision" <= p.revision
        AND (h."heldLineage" = '' OR l.lineage = decode(h."heldLineage", 'hex'))))
  ORDER BY c.uid FOR UPDATE OF a),
before AS (
  SELECT s.cluster_uid, s.accepted_revision, s.root FROM cluster_sync s JOIN known USING (cluster_uid)),
opened AS (
  INSERT INTO cluster_sync AS s (cluster_uid, state_epoch, session_epoch, replica, agent_version, kubernetes_version,
    ceiling, ceiling_digest, connected_at, last_seen_at)
  SELECT cluster_uid, "stateEpoch", 1, replica, "agentVersion", "kubernetesVersion", ceiling, "ceilingDigest", $2, $2
  FROM known
  ON CONFLICT (cluster_uid) DO UPDATE SET state_epoch = excluded.state_epoch, session_epoch = s.session_epoch + 1,
    replica = excluded.replica, agent_version = excluded.agent_version,
    kubernetes_version = excluded.kubernetes_version, ceiling = excluded.ceiling,
    ceiling_digest = excluded.ceiling_digest, connected_at = excluded.connected_at, disconnected_at = NULL,
    last_seen_at = excluded.last_seen_at
  RETURNING cluster_uid, session_epoch),
told AS (
  INSERT INTO audit_events (received_at, ${eventColumns})
  SELECT $2, e.type, e.actor, e.cluster, e.object_kind, e.object_name, e.reported_by, e.event
  FROM jsonb_to_recordset($3::jsonb) AS e(fingerprint text, ${eventRecord}) JOIN known USING (fingerprint))
SELECT k.*, false AS superseded, NULL AS revoked_at, NULL AS revoked_because, o.session_epoch,
  b.accepted_revision, b.root
FROM known k JOIN opened o USING (cluster_uid) LEFT JOIN before b USING (cluster_uid)`;

interface AdmittedRow extends IdentityRow {
  readonly session_epoch: number;
  readonly accepted_revision: number | null;
  readonly root: Buffer | null;
}

/**
 * Opens the sessions of those of these agents that are known, each as `openClusterSession` does, with its audit event, in
 * one statement. Gives them by fingerprint; nothing was done for the others. No two may be of one cluster.
 */
export async function admitKnownAgents(
  sql: Sql,
  hellos: readonly KnownHello[],
): Promise<ReadonlyMap<string, AdmittedHello>> {
  const [first] = hellos;
  if (first === undefined) return new Map();
  const rows = await sql.query<AdmittedRow>(admitKnown, [
    JSON.stringify(hellos.map(toRow)),
    new Date(first.at),
    JSON.stringify(hellos.map(({ fingerprint, event }) => ({ fingerprint, ...toEventRow(event) }))),
  ]);
  return new Map(rows.map((row) => [row.fingerprint, toAdmitted(row)]));
}

function toRow(hello: KnownHello): object {
  const { fingerprint, clusterUid, clusterName, kubeSystemUid, held } = hello;
  const { replica, stateEpoch, agentVersion, kubernetesVersion, ceilingDigest } = hello;
  return {
    fingerprint,
    clusterUid,
    clusterName,
    kubeSystemUid,
    replica,
    stateEpoch,
    agentVersion,
    kubernetesVersion,
    ceilingDigest,
    ceiling: hello.ceiling ?? null,
    heldEpoch: held?.stateEpoch ?? null,
    heldRevision: held?.revision ?? null,
    heldLineage: Buffer.from(held?.lineage ?? []).toString('hex'),
  };
}

function toAdmitted(row: AdmittedRow): AdmittedHello {
  const { session_epoch: sessionEpoch, accepted_revision: revision, root } = row;
  const known = revision !== null && root !== null;
  return {
    identity: toIdentity(row),
    sessionEpoch,
    ...(known ? { accepted: { revision, root } } : {}),
  };
}
