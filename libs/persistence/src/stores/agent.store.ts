import { AgentCertificateEntity } from '../entities/agent-certificate.entity.ts';
import { AgentEntity } from '../entities/agent.entity.ts';
import { lockAgentIdentity } from '../queries/agent-identity.ts';
import type { AgentIdentity, CertificateRecord } from '../records.ts';
import type { AgentStore } from '../transaction.ts';
import { notFound } from './plan-put.ts';
import type { StoreContext } from './store-context.ts';

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

  async addCertificate(agentUid: string, certificate: CertificateRecord): Promise<void> {
    const { fingerprint, serial, notBefore, notAfter } = certificate;
    await this.#context.manager.insert(AgentCertificateEntity, {
      fingerprint,
      agentUid,
      serial,
      notBefore,
      notAfter,
    });
  }

  byFingerprint(fingerprint: string): Promise<AgentIdentity | null> {
    return lockAgentIdentity(this.#context.sql, fingerprint);
  }

  async completeHello(fingerprint: string): Promise<readonly string[]> {
    const { sql } = this.#context;
    const identity = await this.byFingerprint(fingerprint);
    if (identity === null) throw notFound('The certificate');
    if (identity.certificate.completedHelloAt !== undefined) return [];
    await sql.query(
      'UPDATE agent_certificates SET completed_hello_at = now() WHERE fingerprint = $1',
      [fingerprint],
    );
    return this.#revoke(identity.clusterUid, 'a newer agent took its place', identity.agentUid);
  }

  revokeCluster(clusterUid: string, because: string): Promise<readonly string[]> {
    return this.#revoke(clusterUid, because);
  }

  async insertNonce(nonceHash: Uint8Array, fingerprint: string, ttlMs: number): Promise<void> {
    await this.#context.sql.query(
      `INSERT INTO renew_nonces (nonce_hash, fingerprint, expires_at)
       VALUES ($1, $2, now() + $3::bigint * interval '1 millisecond')`,
      [Buffer.from(nonceHash), fingerprint, ttlMs],
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
