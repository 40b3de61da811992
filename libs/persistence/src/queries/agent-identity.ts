import { defined } from '@ambit/kernel';
import type { AgentIdentity } from '../records.ts';
import type { Sql } from '../sql.ts';

export interface IdentityRow {
  readonly agent_uid: string;
  readonly cluster_uid: string;
  readonly cluster_name: string;
  readonly kube_system_uid: string | null;
  readonly fingerprint: string;
  readonly serial: string;
  readonly not_before: Date;
  readonly not_after: Date;
  readonly completed_hello_at: Date | null;
  readonly revoked_at: Date | null;
  readonly revoked_because: string | null;
  readonly removed_at: Date | null;
  readonly superseded: boolean;
}

const selectIdentity = `
SELECT a.uid AS agent_uid, c.uid AS cluster_uid, c.name AS cluster_name, c.kube_system_uid, c.removed_at,
  x.fingerprint, x.serial, x.not_before, x.not_after, x.completed_hello_at, a.revoked_at, a.revoked_because,
  x.superseded_at IS NOT NULL OR EXISTS (SELECT 1 FROM agent_certificates y WHERE y.agent_uid = a.uid AND y.issued_order > x.issued_order
          AND y.completed_hello_at IS NOT NULL) AS superseded
FROM agent_certificates x JOIN agents a ON a.uid = x.agent_uid JOIN clusters c ON c.uid = a.cluster_uid
WHERE x.fingerprint = $1`;

export function toIdentity(row: IdentityRow): AgentIdentity {
  return {
    agentUid: row.agent_uid,
    clusterUid: row.cluster_uid,
    clusterName: row.cluster_name,
    ...defined({ kubeSystemUid: row.kube_system_uid }),
    certificate: {
      fingerprint: row.fingerprint,
      serial: row.serial,
      notBefore: row.not_before.getTime(),
      notAfter: row.not_after.getTime(),
      ...defined({ completedHelloAt: row.completed_hello_at?.getTime() }),
    },
    ...defined({
      revokedAt: row.revoked_at?.getTime(),
      revokedBecause: row.revoked_because,
      clusterRemovedAt: row.removed_at?.getTime(),
    }),
    superseded: row.superseded,
  };
}

/** Central's record of the certificate with this fingerprint, compared whole; null when we never issued it. */
export async function findAgentIdentity(
  sql: Sql,
  fingerprint: string,
): Promise<AgentIdentity | null> {
  const [row] = await sql.query<IdentityRow>(selectIdentity, [fingerprint]);
  return row === undefined ? null : toIdentity(row);
}

/**
 * The same, with the agent's row locked until the end of the transaction. It is read in a statement of its own: the one
 * that waited for the lock would still see the certificates as they were before it waited.
 */
export async function lockAgentIdentity(
  sql: Sql,
  fingerprint: string,
): Promise<AgentIdentity | null> {
  await sql.query(
    `SELECT 1 FROM agents a JOIN agent_certificates x ON x.agent_uid = a.uid WHERE x.fingerprint = $1
     FOR UPDATE OF a`,
    [fingerprint],
  );
  return findAgentIdentity(sql, fingerprint);
}
