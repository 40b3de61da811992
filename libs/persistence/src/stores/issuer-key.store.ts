import type { IssuerKeyStore, NewIssuerKey } from '../credential-stores.ts';
import { policyChannel } from '../feed/hint-listener.ts';
import { listIssuerKeys } from '../queries/issuer-keys.ts';
import type { IssuerKeyRecord } from '../records.ts';
import type { StoreContext } from './store-context.ts';

export class PostgresIssuerKeyStore implements IssuerKeyStore {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  async list(): Promise<readonly IssuerKeyRecord[]> {
    const { sql } = this.#context;
    await sql.query(`SELECT pg_advisory_xact_lock(hashtext('ambit issuer keys'))`);
    return listIssuerKeys(sql);
  }

  async insert(
    { kid, publicKey, sealed, signsInMs }: NewIssuerKey,
    { told = true } = {},
  ): Promise<void> {
    await this.#context.sql.query(
      `INSERT INTO issuer_keys (kid, public_key, sealed, signs_from)
       VALUES ($1, $2, $3, now() + $4::bigint * interval '1 millisecond')`,
      [kid, publicKey, Buffer.from(sealed), signsInMs],
    );
    if (told) await this.#tell([kid]);
  }

  async remove(kids: readonly string[]): Promise<void> {
    await this.#context.sql.query('DELETE FROM issuer_keys WHERE kid = ANY($1::text[])', [kids]);
    await this.#tell(kids);
  }

  /** Every replica serves the same keys at once, whichever program changed them. */
  async #tell(kids: readonly string[]): Promise<void> {
    const { sql, changes } = this.#context;
    for (const kid of kids) changes.revoke({ kind: 'IssuerKey', uid: kid }, kid);
    await sql.query(`SELECT pg_notify('${policyChannel}', '')`);
  }
}
