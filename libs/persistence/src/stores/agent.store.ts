import { AgentCertificateEntity } from '../entities/agent-certificate.entity.ts';
import { AgentEntity } from '../entities/agent.entity.ts';
import { lockAgentIdentity } from '../queries/agent-identity.ts';
import type { AgentIdentity, AgentOrder, CertificateRecord } from '../records.ts';
import { closeClusterSessions, openClusterSession } from '../sync/cluster-sync.ts';
import type { SessionOfCluster } from '../sync/cluster-sync.ts';
import type { AgentStore, HelloTaken, NewSession } from '../credential-stores.ts';
import type { StoreContext } from './store-context.ts';

/** Far more than come between the challenge of an agent and its answer, whoever else asks. */
const noncesPerCertificate = 64;

export class PostgresAgentStore implements AgentStore {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  async enrol(input: {
    readonly agentUid: string;
    readonly clusterUid: string;
    readonly certificate: CertificateRecord;
  }): Promise<void> {
    const { manager } = this.#context;
    await manager.insert(AgentEntity, { uid: input.agentUid, clusterUid: input.clusterUid });
    await this.addCertificate(input.agentUid, input.certificate);
  }

  async addCertificate(
    agentUid: string,
    certificate: CertificateRecord,
    renewedBy?: string,
  ): Promise<void> {
    const { fingerprint, serial, notBefore, notAfter } = certificate;
    await this.#context.manager.insert(AgentCertificateEntity, {
      fingerprint,
      agentUid,
      serial,
      notBefore,
      notAfter,
      renewedBy: renewedBy ?? null,
    });
  }

  byFingerprint(fingerprint: string): Promise<AgentIdentity | null> {
    return lockAgentIdentity(this.#context.sql, fingerprint);
  }

  async takeHello(fingerprint: string, hello: NewSession): Promise<HelloTaken> {
    const identity = await this.byFingerprint(fingerprint);
    if (identity === null || identity.revokedAt !== undefined || identity.superseded) {
      return { ok: false, identity };
    }
    const { clusterUid } = identity;
    const replaced = await this.#completeHello(identity);
    const sessionEpoch = await openClusterSession(this.#context.sql, { ...hello, clusterUid });
    return { ok: true, identity, sessionEpoch, replaced };
  }

  /**
   * Every certificate of the agent ends here that came before this one or was got by the right of another, used or not.
   * What was got by the right of this very one goes on: its own first Hello may be on its way.
   */
  async #completeHello(identity: AgentIdentity): Promise<readonly string[]> {
    const { sql } = this.#context;
    const { agentUid, clusterUid, certificate } = identity;
    if (certificate.completedHelloAt !== undefined) return [];
    await sql.query(
      `WITH RECURSIVE kept AS (
         SELECT fingerprint, issued_order FROM agent_certificates WHERE fingerprint = $2
         UNION SELECT y.fingerprint, y.issued_order FROM agent_certificates y
           JOIN kept k ON y.renewed_by = k.fingerprint AND y.agent_uid = $1),
       told AS (UPDATE agents SET hello_fingerprint = $2 WHERE uid = $1)
       UPDATE agent_certificates x SET
         completed_hello_at = CASE WHEN x.fingerprint = $2 THEN now() ELSE x.completed_hello_at END,
         superseded_at = CASE WHEN x.fingerprint = $2 THEN x.superseded_at ELSE coalesce(x.superseded_at, now()) END
       WHERE x.agent_uid = $1 AND (x.fingerprint = $2
         OR x.issued_order < (SELECT issued_order FROM kept WHERE fingerprint = $2)
         OR (x.renewed_by IS NOT NULL AND NOT EXISTS (SELECT 1 FROM kept k WHERE k.fingerprint = x.fingerprint)))`,
      [agentUid, certificate.fingerprint],
    );
    return this.#revoke(clusterUid, 'a newer agent took its place', agentUid);
  }

  endSessions(sessions: readonly SessionOfCluster[]): Promise<void> {
    return closeClusterSessions(this.#context.sql, sessions, this.#context.at.getTime());
  }

  revokeCluster(clusterUid: string, because: string): Promise<readonly string[]> {
    return this.#revoke(clusterUid, because);
  }

  /** A certificate is no secret, so anybody may ask in its name: of many nonces the newest are kept. The agent is locked. */
  async insertNonce(nonceHash: Uint8Array, fingerprint: string, ttlMs: number): Promise<void> {
    await this.#context.sql.query(
      `WITH gone AS (
         DELETE FROM renew_nonces WHERE nonce_hash IN (
           SELECT nonce_hash FROM renew_nonces WHERE fingerprint = $2 ORDER BY expires_at DESC OFFSET $4)
       )
       INSERT INTO renew_nonces (nonce_hash, fingerprint, expires_at)
       VALUES ($1, $2, now() + $3::bigint * interval '1 millisecond')`,
      [Buffer.from(nonceHash), fingerprint, ttlMs, noncesPerCertificate - 1],
    );
  }

  async consumeNonce(nonceHash: Uint8Array, fingerprint: string): Promise<boolean> {
    const rows = await this.#context.sql.query(
      `DELETE FROM renew_nonces WHERE nonce_hash = $1 AND fingerprint = $2 AND expires_at > now()
       RETURNING fingerprint`,
      [Buffer.from(nonceHash), fingerprint],
    );
    return rows.length === 1;
  }

  order(order: AgentOrder): void {
    this.#context.changes.orders.push(order);
  }

  async purgeNonces(): Promise<number> {
    const rows = await this.#context.sql.query(
      'DELETE FROM renew_nonces WHERE expires_at <= now() RETURNING fingerprint',
    );
    return rows.length;
  }

  /** With `newer`, only the identities that were enrolled before that one. */
  async #revoke(clusterUid: string, because: string, newer?: string): Promise<readonly string[]> {
    const { sql, changes } = this.#context;
    const rows = await sql.query<{ uid: string; name: string }>(
      `WITH live AS (
         SELECT uid FROM agents WHERE cluster_uid = $1 AND revoked_at IS NULL
           AND ($2::text IS NULL OR enrolled_order < (SELECT enrolled_order FROM agents WHERE uid = $2))
         ORDER BY uid FOR UPDATE)
       UPDATE agents a SET revoked_at = now(), revoked_because = $3 FROM live, clusters c
       WHERE a.uid = live.uid AND c.uid = a.cluster_uid RETURNING a.uid, c.name`,
      [clusterUid, newer ?? null, because],
    );
    for (const { uid, name } of rows) changes.revoke({ kind: 'Agent', uid }, name);
    return rows.map((row) => row.uid);
  }
}
