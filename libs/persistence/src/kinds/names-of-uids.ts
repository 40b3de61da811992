import type { Sql } from '../sql.ts';
import { storedKinds } from './stored-kinds.ts';

const live = (always: string | undefined): string => (always === undefined ? '' : ` AND ${always}`);

const selectNames = storedKinds
  .map(
    ({ table, always }) =>
      `SELECT t.uid, t.name FROM ${table} t WHERE t.uid = ANY($1::text[])${live(always)}`,
  )
  .join(' UNION ALL ');

/** Names of the objects with these uids, of whatever kind; those that are gone are left out. */
export async function namesOfUids(
  sql: Sql,
  uids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (uids.length === 0) return new Map();
  const rows = await sql.query<{ uid: string; name: string }>(selectNames, [[...new Set(uids)]]);
  return new Map(rows.map(({ uid, name }) => [uid, name]));
}
