import { defined, notFound } from '@ambit/kernel';
import { JoinTokenEntity } from '../entities/join-token.entity.ts';
import type { JoinTokenRecord } from '../records.ts';
import { one } from '../sql.ts';
import type { JoinTokenStore, JoinTokenUse, NewJoinToken } from '../credential-stores.ts';
import type { StoreContext } from './store-context.ts';

export class PostgresJoinTokenStore implements JoinTokenStore {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  async insert(token: NewJoinToken): Promise<JoinTokenRecord> {
    const { sql, manager } = this.#context;
    const { ends } = await one<{ ends: Date }>(
      sql,
      `SELECT now() + $1::bigint * interval '1 millisecond' AS ends`,
      [token.ttlMs],
    );
    await manager.insert(JoinTokenEntity, {
      id: token.id,
      clusterUid: token.clusterUid,
      secretHash: Buffer.from(token.secretHash),
      proofKey: token.proofKey === undefined ? null : Buffer.from(token.proofKey),
      createdBy: token.createdBy,
      expiresAt: ends.getTime(),
    });
    return toRecord(await manager.findOneByOrFail(JoinTokenEntity, { id: token.id }));
  }

  async revoke(id: string, clusterUid: string): Promise<JoinTokenRecord> {
    const { manager } = this.#context;
    const found = await manager.findOneBy(JoinTokenEntity, { id, clusterUid });
    if (found === null) throw notFound('join token', id);
    if (found.usedAt === null) await manager.delete(JoinTokenEntity, { id });
    return toRecord(found);
  }

  async proofKey(id: string): Promise<Uint8Array | undefined> {
    const found = await this.#context.manager.findOneBy(JoinTokenEntity, { id });
    return found?.proofKey ?? undefined;
  }

  consume(id: string, secretHash: Uint8Array): Promise<JoinTokenUse> {
    return this.#consume(id, 'secret_hash', secretHash);
  }

  consumeProven(id: string, proofKey: Uint8Array): Promise<JoinTokenUse> {
    return this.#consume(id, 'proof_key', proofKey);
  }

  /** One statement decides: a look before the update would let two callers through together. */
  async #consume(
    id: string,
    column: 'secret_hash' | 'proof_key',
    value: Uint8Array,
  ): Promise<JoinTokenUse> {
    const { sql } = this.#context;
    const [used] = await sql.query<{ cluster_uid: string; name: string }>(
      `UPDATE join_tokens t SET used_at = now() FROM clusters c
       WHERE t.id = $1 AND t.${column} = $2 AND t.used_at IS NULL AND t.expires_at > now()
         AND c.uid = t.cluster_uid AND c.removed_at IS NULL
       RETURNING t.cluster_uid, c.name`,
      [id, Buffer.from(value)],
    );
    if (used !== undefined) {
      return { ok: true, clusterUid: used.cluster_uid, clusterName: used.name };
    }
    const [row] = await sql.query<{ used: boolean }>(
      `SELECT used_at IS NOT NULL AS used FROM join_tokens WHERE id = $1 AND ${column} = $2`,
      [id, Buffer.from(value)],
    );
    if (row === undefined) return { ok: false, reason: 'unknown' };
    return { ok: false, reason: row.used ? 'used' : 'expired' };
  }

  async purge(before: number): Promise<number> {
    const rows = await this.#context.sql.query(
      'DELETE FROM join_tokens WHERE used_at < $1 OR expires_at < $1 RETURNING id',
      [new Date(before)],
    );
    return rows.length;
  }
}

function toRecord(row: JoinTokenEntity): JoinTokenRecord {
  return {
    id: row.id,
    clusterUid: row.clusterUid,
    createdBy: row.createdBy,
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
    ...defined({ usedAt: row.usedAt }),
  };
}
