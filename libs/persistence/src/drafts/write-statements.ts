import type { StoredKind, StoredPart } from '../kinds/stored-kind.ts';

type Columns = Readonly<Record<string, string>>;

const metaColumns: Columns = {
  uid: 'text',
  name: 'text',
  labels: 'jsonb',
  annotations: 'jsonb',
  generation: 'integer',
  created_at: 'timestamptz',
};

/** Rows of a JSON array under a name of theirs. */
const rowsOf = (parameter: string, as: string, columns: Columns): string =>
  `jsonb_to_recordset(${parameter}::jsonb) AS ${as}(${Object.entries(columns)
    .map(([name, type]) => `${name} ${type}`)
    .join(', ')})`;

function insertPart({ table, owner, columns, among = {} }: StoredPart, rows: string): string {
  const names = Object.keys(columns);
  const from = rowsOf(rows, 'p', { [owner]: 'text', ...columns });
  const checked = Object.entries(among);
  const asked = checked.map(
    ([name, of]) => `${name}s(value) AS MATERIALIZED (${of(`SELECT p.${name} FROM ${from}`)})`,
  );
  const joined = checked.map(([name]) => ` LEFT JOIN ${name}s ON ${name}s.value = p.${name}`);
  const stored = names.map((name) => (name in among ? `${name}s.value` : `p.${name}`));
  return `${asked.length === 0 ? '' : `WITH ${asked.join(', ')} `}INSERT INTO ${table} (${owner}, ${names.join(', ')})
  SELECT p.${owner}, ${stored.join(', ')} FROM ${from}${joined.join('')}`;
}

/** The head was raised by so many revisions in this transaction; each row belongs to the nth of them. */
const head = (made: string): string =>
  `(SELECT revision - ${made}::bigint AS base FROM policy_head) AS head`;

/** $1 objects, $2 how many revisions are made, $3 and so on the rows of each part. A name that is taken fails it. */
export function createStatement({ table, columns, parts = [] }: StoredKind): string {
  const all = { ...metaColumns, ...columns };
  const names = Object.keys(all).join(', ');
  const rows = rowsOf('$1', 'r', { ...all, nth: 'integer' });
  const made = `INSERT INTO ${table} (${names}, revision)
  SELECT ${names}, head.base + r.nth FROM ${rows}, ${head('$2')}`;
  if (parts.length === 0) return made;
  const partly = parts.map((part, at) => `,\np${at} AS (${insertPart(part, `$${at + 3}`)})`);
  return `WITH made AS (${made})${partly.join('')}\nSELECT 1`;
}

/** $1 objects, $2 how many revisions are made. */
export function changeStatement({ table, columns }: StoredKind): string {
  const all = { labels: 'jsonb', annotations: 'jsonb', generation: 'integer', ...columns };
  const set = Object.keys(all).map((name) => `${name} = r.${name}`);
  const rows = rowsOf('$1', 'r', { uid: 'text', ...all, nth: 'integer' });
  return `UPDATE ${table} t SET ${set.join(', ')}, revision = head.base + r.nth
FROM ${rows}, ${head('$2')} WHERE t.uid = r.uid`;
}

/** $1 the uids of objects whose parts go. */
export function dropPartsStatement(parts: readonly StoredPart[]): string {
  const gone = parts.map(
    ({ table, owner }, at) => `p${at} AS (DELETE FROM ${table} WHERE ${owner} = ANY($1::text[]))`,
  );
  return `WITH ${gone.join(', ')} SELECT 1`;
}

/** $1 and so on the rows of each part. */
export function addPartsStatement(parts: readonly StoredPart[]): string {
  const added = parts.map((part, at) => `p${at} AS (${insertPart(part, `$${at + 1}`)})`);
  return `WITH ${added.join(', ')} SELECT 1`;
}

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
