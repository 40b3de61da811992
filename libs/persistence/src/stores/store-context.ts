import type { Ids } from '@ambit/kernel';
import type { EntityManager } from 'typeorm';
import type { Sql } from '../sql.ts';
import type { ChangeSet } from './change-set.ts';

/** What the stores of one transaction share. */
export interface StoreContext {
  readonly sql: Sql;
  readonly manager: EntityManager;
  readonly changes: ChangeSet;
  readonly ids: Ids;
  /** When the transaction began, by the program's clock. */
  readonly at: Date;
}

/** name → uid of those rows of a table that exist. */
export async function uidsByName(
  sql: Sql,
  table: 'users' | 'groups' | 'roles' | 'grants' | 'clusters',
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const live = table === 'clusters' ? ' AND removed_at IS NULL' : '';
  const rows = await sql.query<{ name: string; uid: string }>(
    `SELECT name, uid FROM ${table} WHERE name = ANY($1)${live}`,
    [names],
  );
  return new Map(rows.map((row) => [row.name, row.uid]));
}
