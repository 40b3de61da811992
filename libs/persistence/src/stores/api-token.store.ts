import { AppError, notFound } from '@ambit/kernel';
import { ApiTokenEntity } from '../entities/api-token.entity.ts';
import { fromTokenEntity } from '../queries/api-tokens.ts';
import type { ApiTokenRecord } from '../records.ts';
import type { ApiTokenStore } from '../credential-stores.ts';
import type { StoreContext } from './store-context.ts';

export class PostgresApiTokenStore implements ApiTokenStore {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  async insert(
    token: Pick<ApiTokenRecord, 'id' | 'name' | 'hash' | 'role'> & { readonly ttlMs?: number },
  ): Promise<ApiTokenRecord> {
    const { sql, manager, ids } = this.#context;
    const uid = ids.uuid();
    const made = await sql.query(
      `INSERT INTO api_tokens (uid, id, name, hash, role, expires_at)
       VALUES ($1, $2, $3, $4, $5, now() + $6::bigint * interval '1 millisecond')
       ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING RETURNING uid`,
      [uid, token.id, token.name, Buffer.from(token.hash), token.role, token.ttlMs ?? null],
    );
    if (made.length === 0) {
      throw new AppError('already_exists', `A token named "${token.name}" exists already.`, {
        hint: 'Choose another name, or revoke that one first.',
      });
    }
    return fromTokenEntity(await manager.findOneByOrFail(ApiTokenEntity, { uid }));
  }

  async revoke(nameOrId: string): Promise<ApiTokenRecord> {
    const { sql, manager, changes } = this.#context;
    const [gone] = await sql.query<{ uid: string; name: string }>(
      `UPDATE api_tokens SET revoked_at = now() WHERE (name = $1 OR id = $1) AND revoked_at IS NULL
       RETURNING uid, name`,
      [nameOrId],
    );
    if (gone !== undefined) changes.revoke({ kind: 'ApiToken', uid: gone.uid }, gone.name);
    const found = await manager.findOne(ApiTokenEntity, {
      where: gone === undefined ? [{ name: nameOrId }, { id: nameOrId }] : { uid: gone.uid },
      order: { createdAt: 'DESC' },
    });
    if (found === null) throw notFound('token', nameOrId);
    return fromTokenEntity(found);
  }

  async purge(before: number): Promise<number> {
    const rows = await this.#context.sql.query(
      'DELETE FROM api_tokens WHERE revoked_at < $1 OR expires_at < $1 RETURNING uid',
      [new Date(before)],
    );
    return rows.length;
  }
}
