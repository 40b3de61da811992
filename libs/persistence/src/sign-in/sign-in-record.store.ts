import type { UpstreamEnd } from '../credential-stores.ts';
import type { Sql } from '../sql.ts';
import { isOfUpstreamEnd } from './upstream-end.ts';

/** What the OAuth server and the pages of sign-in keep for a while. */
export interface SignInRecord {
  /** Such as `AccessToken`. */
  readonly model: string;
  /** SHA-256 of what its holder shows. */
  readonly id: Uint8Array;
  /** SHA-256 of another text it is found by, such as the code that a person types. */
  readonly handle?: Uint8Array;
  /** The session it belongs to. */
  readonly grantId?: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface FoundSignInRecord {
  readonly payload: Readonly<Record<string, unknown>>;
  /** Seconds since 1970. */
  readonly consumedAt?: number;
}

interface Row {
  readonly payload: Record<string, unknown>;
  readonly consumed: number | null;
}

const found = `SELECT payload, extract(epoch FROM consumed_at)::float8 AS consumed FROM sign_in_records
  WHERE expires_at > now()`;

/** Records of sign-in; those that are over are not found. */
export class SignInRecordStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Replaces one of the same model and id; what was used stays used. */
  async put(record: SignInRecord, ttlSeconds: number): Promise<void> {
    const { model, id, handle, grantId, payload } = record;
    await this.#sql.query(
      `INSERT INTO sign_in_records (model, id, handle, grant_id, payload, expires_at)
       VALUES ($1, $2, $3, $4, $5, now() + $6::float8 * interval '1 second')
       ON CONFLICT (model, id) DO UPDATE SET handle = excluded.handle, grant_id = excluded.grant_id,
         payload = excluded.payload, expires_at = excluded.expires_at`,
      [
        model,
        Buffer.from(id),
        handle === undefined ? null : Buffer.from(handle),
        grantId ?? null,
        JSON.stringify(payload),
        ttlSeconds,
      ],
    );
  }

  find(model: string, id: Uint8Array): Promise<FoundSignInRecord | undefined> {
    return this.#first(`${found} AND model = $1 AND id = $2`, [model, Buffer.from(id)]);
  }

  findByHandle(model: string, handle: Uint8Array): Promise<FoundSignInRecord | undefined> {
    return this.#first(`${found} AND model = $1 AND handle = $2`, [model, Buffer.from(handle)]);
  }

  /** Marks it as used. True for exactly one caller, whatever runs beside it. */
  async consume(model: string, id: Uint8Array): Promise<boolean> {
    const rows = await this.#sql.query(
      `UPDATE sign_in_records SET consumed_at = now()
       WHERE model = $1 AND id = $2 AND consumed_at IS NULL RETURNING model`,
      [model, Buffer.from(id)],
    );
    return rows.length === 1;
  }

  /** A person's answer to a device that waits. True for exactly one answer. */
  async answerDevice(
    userCode: Uint8Array,
    answer: Readonly<Record<string, unknown>>,
    grantId?: string,
  ): Promise<boolean> {
    const rows = await this.#sql.query(
      `UPDATE sign_in_records SET payload = payload || $2::jsonb, grant_id = $3
       WHERE model = 'DeviceCode' AND handle = $1 AND expires_at > now()
         AND NOT (payload ? 'accountId' OR payload ? 'error') RETURNING model`,
      [Buffer.from(userCode), JSON.stringify(answer), grantId ?? null],
    );
    return rows.length === 1;
  }

  async remove(model: string, id: Uint8Array): Promise<void> {
    await this.#sql.query('DELETE FROM sign_in_records WHERE model = $1 AND id = $2', [
      model,
      Buffer.from(id),
    ]);
  }

  /** Everything of one session. */
  async removeGrant(grantId: string): Promise<void> {
    await this.#sql.query('DELETE FROM sign_in_records WHERE grant_id = $1', [grantId]);
  }

  /** Signs a person out in every browser. */
  async removeBrowsersOf(userUid: string): Promise<void> {
    await this.#sql.query(
      `DELETE FROM sign_in_records WHERE model = 'Browser' AND payload->>'uid' = $1`,
      [userUid],
    );
  }

  /** Signs out the browsers that signed in with this sign-in at a provider, as sessions of it end. */
  async removeBrowsersOfUpstream(end: UpstreamEnd): Promise<void> {
    const { upstreamSession, issuer, subject } = end;
    const began = isOfUpstreamEnd(`payload->'by'->>'identity'`, `payload->'by'->>'session'`);
    await this.#sql.query(`DELETE FROM sign_in_records WHERE model = $1 AND ${began}`, [
      'Browser',
      upstreamSession,
      issuer,
      subject ?? null,
    ]);
  }

  async #first(text: string, values: readonly unknown[]): Promise<FoundSignInRecord | undefined> {
    const [row] = await this.#sql.query<Row>(text, values);
    if (row === undefined) return undefined;
    const { payload, consumed } = row;
    return consumed === null ? { payload } : { payload, consumedAt: Math.floor(consumed) };
  }
}

/** The sessions that access tokens name, by the SHA-256 of the tokens; those that are over are not found. */
export async function findAccessTokens(
  sql: Sql,
  hashes: readonly Uint8Array[],
): Promise<readonly { readonly hash: Buffer; readonly sessionId: string }[]> {
  return sql.query(
    `SELECT id AS hash, grant_id AS "sessionId" FROM sign_in_records
     WHERE model = 'AccessToken' AND id = ANY($1::bytea[]) AND expires_at > now() AND grant_id IS NOT NULL`,
    [hashes.map((hash) => Buffer.from(hash))],
  );
}
