import type { UsedTokenStore } from '../credential-stores.ts';
import type { StoreContext } from './store-context.ts';

export class PostgresUsedTokenStore implements UsedTokenStore {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  /** One statement decides: a look before it would let two callers through together. */
  async use(principalUid: string, token: Uint8Array, expiresAt: number): Promise<boolean> {
    const rows = await this.#context.sql.query(
      `INSERT INTO used_tokens (principal_uid, token, expires_at) VALUES ($1, $2, $3)
       ON CONFLICT DO NOTHING RETURNING principal_uid`,
      [principalUid, Buffer.from(token), new Date(expiresAt)],
    );
    return rows.length === 1;
  }

  async purge(before: number): Promise<number> {
    const rows = await this.#context.sql.query(
      'DELETE FROM used_tokens WHERE expires_at < $1 RETURNING principal_uid',
      [new Date(before)],
    );
    return rows.length;
  }
}
