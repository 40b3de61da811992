import type { RecordMeta } from '../records.ts';
import type { Sql } from '../sql.ts';
import {
  checkedLimit,
  cutPage,
  decodePlace,
  encodePlace,
  type KeysetQuery,
  type Page,
} from '../queries/page.ts';
import { addOfTeams } from '../queries/of-teams.ts';
import { addSearch, addSelector, SqlConditions } from '../queries/sql-conditions.ts';
import type { MetaRow } from './record-meta.ts';
import type { StoredKind } from './stored-kind.ts';

type Shelf<R extends MetaRow, T extends RecordMeta> = Pick<
  StoredKind<R, T>,
  'table' | 'select' | 'searched' | 'always' | 'toRecord'
>;

/**
 * One statement, in the order of names, from the place where the last page ended: page 1000 costs what page 1 costs.
 * Throws invalid_request.
 */
export async function listKind<R extends MetaRow, T extends RecordMeta>(
  sql: Sql,
  shelf: Shelf<R, T>,
  query: KeysetQuery,
  conditions = new SqlConditions(),
): Promise<Page<T>> {
  const limit = checkedLimit(query.limit);
  if (shelf.always !== undefined) conditions.add(shelf.always);
  if (query.continue !== undefined) {
    const [after] = decodePlace(shelf.table, query.continue, 1);
    conditions.add(`t.name > ${conditions.value(String(after))}`);
  }
  if (query.ofTeams !== undefined) addOfTeams(conditions, shelf.table, query.ofTeams);
  if (query.labelSelector !== undefined) addSelector(conditions, query.labelSelector);
  if (query.q !== undefined && query.q !== '') addSearch(conditions, shelf.searched, query.q);
  const rows = await sql.query<R>(
    `${shelf.select} ${conditions.where()} ORDER BY t.name LIMIT ${limit + 1}`,
    conditions.values,
  );
  return cutPage(rows, limit, shelf.toRecord, (row) => encodePlace(shelf.table, [row.name]));
}

/** By name; null when there is none. */
export async function findOfKind<R extends MetaRow, T extends RecordMeta>(
  sql: Sql,
  shelf: Shelf<R, T>,
  name: string,
): Promise<T | null> {
  const also = shelf.always === undefined ? '' : ` AND ${shelf.always}`;
  const [row] = await sql.query<R>(`${shelf.select} WHERE t.name = $1${also}`, [name]);
  return row === undefined ? null : shelf.toRecord(row);
}
