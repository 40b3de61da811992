import type { StoredKind, StoredPart } from '../kinds/stored-kind.ts';
import { type RowColumns, rowsOf, valueOf } from '../row-arrays.ts';

const metaColumns: RowColumns = {
  uid: 'text',
  name: 'text',
  labels: 'jsonb',
  annotations: 'jsonb',
  generation: 'integer',
  created_at: 'timestamptz',
};

/** What the rows of a new object are made of. */
export const createdColumns = ({ columns }: StoredKind): RowColumns => ({
  ...metaColumns,
  ...columns,
  nth: 'integer',
});

/** What the rows of a changed object are made of. */
export const changedColumns = ({ columns }: StoredKind): RowColumns => ({
  uid: 'text',
  labels: 'jsonb',
  annotations: 'jsonb',
  generation: 'integer',
  ...columns,
  nth: 'integer',
});

export const partColumns = ({ owner, columns }: StoredPart): RowColumns => ({
  [owner]: 'text',
  ...columns,
});

/** `first`: the number of the first of the parameters that are the columns of its rows. */
function insertPart(part: StoredPart, first: number): string {
  const { table, owner, columns, among = {} } = part;
  const names = Object.keys(columns);
  const from = rowsOf(first, 'p', partColumns(part));
  const checked = Object.entries(among);
  const asked = checked.map(
    ([name, of]) => `${name}s(value) AS MATERIALIZED (${of(`SELECT p.${name} FROM ${from}`)})`,
  );
  const stored = names.map((name) =>
    name in among
      ? `CASE WHEN p.${name} IN (SELECT value FROM ${name}s) THEN p.${name} END`
      : valueOf('p', columns, name),
  );
  return `${asked.length === 0 ? '' : `WITH ${asked.join(', ')} `}INSERT INTO ${table} (${owner}, ${names.join(', ')})
  SELECT p.${owner}, ${stored.join(', ')} FROM ${from}`;
}

/** Statements of the rows of each part, whose parameters follow each other from `first` on. */
function insertParts(parts: readonly StoredPart[], first: number): string[] {
  let next = first;
  return parts.map((part, at) => {
    const text = `p${at} AS (${insertPart(part, next)})`;
    next += Object.keys(partColumns(part)).length;
    return text;
  });
}

/** The head was raised by so many revisions in this transaction; each row belongs to the nth of them. */
const head = (made: string): string =>
  `(SELECT revision - ${made}::bigint AS base FROM policy_head) AS head`;

/** $1 how many revisions are made, then the columns of the objects, then those of the rows of each part. A name that is taken fails it. */
export function createStatement(kind: StoredKind): string {
  const { table, parts = [] } = kind;
  const columns = createdColumns(kind);
  const stored = Object.keys(columns).filter((name) => name !== 'nth');
  const values = stored.map((name) => valueOf('r', columns, name));
  const made = `INSERT INTO ${table} (${stored.join(', ')}, revision)
  SELECT ${values.join(', ')}, head.base + r.nth FROM ${rowsOf(2, 'r', columns)}, ${head('$1')}`;
  if (parts.length === 0) return made;
  const partly = insertParts(parts, 2 + Object.keys(columns).length);
  return `WITH made AS (${made}),\n${partly.join(',\n')}\nSELECT 1`;
}

/** $1 how many revisions are made, then the columns of the objects. */
export function changeStatement(kind: StoredKind): string {
  const columns = changedColumns(kind);
  const set = Object.keys(columns)
    .filter((name) => name !== 'nth' && name !== 'uid')
    .map((name) => `${name} = ${valueOf('r', columns, name)}`);
  return `UPDATE ${kind.table} t SET ${set.join(', ')}, revision = head.base + r.nth
FROM ${rowsOf(2, 'r', columns)}, ${head('$1')} WHERE t.uid = r.uid`;
}

/** $1 the uids of objects whose parts go. */
export function dropPartsStatement(parts: readonly StoredPart[]): string {
  const gone = parts.map(
    ({ table, owner }, at) => `p${at} AS (DELETE FROM ${table} WHERE ${owner} = ANY($1::text[]))`,
  );
  return `WITH ${gone.join(', ')} SELECT 1`;
}

/** The columns of the rows of each part. */
export const addPartsStatement = (parts: readonly StoredPart[]): string =>
  `WITH ${insertParts(parts, 1).join(', ')} SELECT 1`;

/** $1 the uids of objects that go. */
export const deleteStatement = ({ table }: StoredKind): string =>
  `DELETE FROM ${table} WHERE uid = ANY($1::text[])`;

/**
 * $1 uids, $2 the revisions at which they were read: holds their rows to the end of the transaction, and fails with a
 * division by zero when one of them is gone or has moved on. An error is what undoes a transaction whose COMMIT is
 * sent already.
 */
export const holdStatement = ({ table }: StoredKind): string =>
  `SELECT 1 / (count(*) = cardinality($1::text[]))::integer FROM (
  SELECT 1 FROM ${table} t JOIN unnest($1::text[], $2::bigint[]) AS r(uid, revision)
    ON t.uid = r.uid AND t.revision = r.revision
  ORDER BY t.uid FOR NO KEY UPDATE OF t) AS held`;

const memberRows = 'unnest($1::text[], $2::text[]) AS m(group_uid, user_uid)';

/** $1 groups, $2 users. */
export const addMembers = `INSERT INTO group_members (group_uid, user_uid) SELECT m.group_uid, m.user_uid FROM ${memberRows}`;
export const removeMembers = `DELETE FROM group_members t USING ${memberRows}
WHERE t.group_uid = m.group_uid AND t.user_uid = m.user_uid`;
