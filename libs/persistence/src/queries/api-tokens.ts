import { defined } from '@ambit/kernel';
import type { ApiTokenEntity } from '../entities/api-token.entity.ts';
import type { ApiTokenRecord } from '../records.ts';
import type { Sql } from '../sql.ts';

interface TokenRow {
  readonly uid: string;
  readonly id: string;
  readonly name: string;
  readonly hash: Buffer;
  readonly role: ApiTokenRecord['role'];
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly last_used_at: Date | null;
  readonly revoked_at: Date | null;
}

/** The entity as the record that leaves this library. */
export function fromTokenEntity(entity: ApiTokenEntity): ApiTokenRecord {
  return {
    uid: entity.uid,
    id: entity.id,
    name: entity.name,
    hash: entity.hash,
    role: entity.role as ApiTokenRecord['role'],
    createdAt: entity.createdAt,
    ...defined({
      expiresAt: entity.expiresAt,
      lastUsedAt: entity.lastUsedAt,
      revokedAt: entity.revokedAt,
    }),
  };
}

function fromRow(row: TokenRow): ApiTokenRecord {
  return {
    uid: row.uid,
    id: row.id,
    name: row.name,
    hash: row.hash,
    role: row.role,
    createdAt: row.created_at.getTime(),
    ...defined({
      expiresAt: row.expires_at?.getTime(),
      lastUsedAt: row.last_used_at?.getTime(),
      revokedAt: row.revoked_at?.getTime(),
    }),
  };
}

/** By the public parts of their text forms, also those that are revoked or over: the caller says which. */
export async function findApiTokens(
  sql: Sql,
  ids: readonly string[],
): Promise<readonly ApiTokenRecord[]> {
  const rows = await sql.query<TokenRow>('SELECT * FROM api_tokens WHERE id = ANY($1::text[])', [
    ids,
  ]);
  return rows.map(fromRow);
}

/** All of them, by name. */
export async function listApiTokens(sql: Sql): Promise<readonly ApiTokenRecord[]> {
  const rows = await sql.query<TokenRow>('SELECT * FROM api_tokens ORDER BY name, created_at');
  return rows.map(fromRow);
}

/** Raises last_used_at, one statement for many tokens. */
export async function touchApiTokens(
  sql: Sql,
  used: readonly { readonly uid: string; readonly at: number }[],
): Promise<void> {
  await sql.query(
    `UPDATE api_tokens t SET last_used_at = greatest(t.last_used_at, u.at)
     FROM unnest($1::text[], $2::timestamptz[]) AS u(uid, at) WHERE t.uid = u.uid`,
    [used.map((one) => one.uid), used.map((one) => new Date(one.at))],
  );
}
