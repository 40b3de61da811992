import type { IssuerKeyRecord } from '../records.ts';
import type { Sql } from '../sql.ts';

interface KeyRow {
  readonly kid: string;
  readonly public_key: Readonly<Record<string, string>>;
  readonly sealed: Buffer;
  readonly signs_from: Date;
}

/** Every key that there is, the one that signs first first. */
export async function listIssuerKeys(sql: Sql): Promise<readonly IssuerKeyRecord[]> {
  const rows = await sql.query<KeyRow>(
    'SELECT kid, public_key, sealed, signs_from FROM issuer_keys ORDER BY signs_from, kid',
  );
  return rows.map((row) => ({
    kid: row.kid,
    publicKey: row.public_key,
    sealed: row.sealed,
    signsFrom: row.signs_from.getTime(),
  }));
}
