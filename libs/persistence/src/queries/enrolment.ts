import { defined } from '@ambit/kernel';
import type { JoinTokenRecord } from '../records.ts';
import type { Sql } from '../sql.ts';

/** One identity given to an agent of a cluster, with its newest certificate. */
export interface EnrolledAgent {
  readonly uid: string;
  readonly enrolledAt: number;
  readonly certificateFingerprint: string;
  readonly certificateNotAfter: number;
  /** When any of its certificates completed a Hello for the first time. */
  readonly completedHelloAt?: number;
  readonly revokedAt?: number;
  readonly revokedBecause?: string;
}

interface AgentRow {
  readonly uid: string;
  readonly enrolled_at: Date;
  readonly fingerprint: string;
  readonly not_after: Date;
  readonly hello_at: Date | null;
  readonly revoked_at: Date | null;
  readonly revoked_because: string | null;
}

/** The identities of a cluster's agents, newest first, at most 500. */
export async function listAgents(sql: Sql, clusterUid: string): Promise<readonly EnrolledAgent[]> {
  const rows = await sql.query<AgentRow>(
    `SELECT a.uid, a.enrolled_at, a.revoked_at, a.revoked_because, c.fingerprint, c.not_after,
            (SELECT min(h.completed_hello_at) FROM agent_certificates h WHERE h.agent_uid = a.uid) AS hello_at
     FROM agents a
     JOIN LATERAL (SELECT fingerprint, not_after FROM agent_certificates
                   WHERE agent_uid = a.uid ORDER BY issued_order DESC LIMIT 1) c ON true
     WHERE a.cluster_uid = $1 ORDER BY a.enrolled_at DESC LIMIT 500`,
    [clusterUid],
  );
  return rows.map((row) => ({
    uid: row.uid,
    enrolledAt: row.enrolled_at.getTime(),
    certificateFingerprint: row.fingerprint,
    certificateNotAfter: row.not_after.getTime(),
    ...defined({
      completedHelloAt: row.hello_at?.getTime(),
      revokedAt: row.revoked_at?.getTime(),
      revokedBecause: row.revoked_because,
    }),
  }));
}

interface JoinTokenRow {
  readonly id: string;
  readonly cluster_uid: string;
  readonly created_by: string;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly used_at: Date | null;
}

/** The join tokens of a cluster that are still remembered, newest first, at most 500. */
export async function listJoinTokens(
  sql: Sql,
  clusterUid: string,
): Promise<readonly JoinTokenRecord[]> {
  const rows = await sql.query<JoinTokenRow>(
    `SELECT id, cluster_uid, created_by, created_at, expires_at, used_at
     FROM join_tokens WHERE cluster_uid = $1 ORDER BY created_at DESC, id LIMIT 500`,
    [clusterUid],
  );
  return rows.map((row) => ({
    id: row.id,
    clusterUid: row.cluster_uid,
    createdBy: row.created_by,
    createdAt: row.created_at.getTime(),
    expiresAt: row.expires_at.getTime(),
    ...defined({ usedAt: row.used_at?.getTime() }),
  }));
}
