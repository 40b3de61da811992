import type { Sql } from '../sql.ts';

/** Tables that a backup does without, and why. Every other table is in it. */
export const leftOut = {
  migrations: 'the program that restores makes the tables',
  audit_retention: 'a setting, which every start writes',
  cluster_inventory_versions: 'a trigger makes them as the inventory is loaded',
  credential_requests: 'who asked does not wait any more',
  renew_nonces: 'good for a minute',
  sign_in_attempts: 'failures of the last minutes',
  sign_in_records: 'sign-ins under way and tokens of sessions: who is signed in signs in again',
} as const;

/** Columns that the database that is restored to says itself. */
const saidAnew: Readonly<Record<string, readonly string[]>> = {
  // A position in the trail is below the oldest open transaction: those of another server mean nothing here.
  audit_events: ['xid'],
};

export interface BackupTable {
  readonly name: string;
  readonly columns: readonly string[];
}

interface TableRow {
  readonly name: string;
  readonly columns: string[];
  readonly parents: string[];
}

/** The tables of a backup with the columns that are stored, what is referred to first. */
export async function listBackupTables(sql: Sql): Promise<readonly BackupTable[]> {
  const rows = await sql.query<TableRow>(
    `SELECT c.relname AS name,
       (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns,
       (SELECT coalesce(array_agg(DISTINCT p.relname::text), '{}') FROM pg_constraint k JOIN pg_class p ON p.oid = k.confrelid
        WHERE k.conrelid = c.oid AND k.contype = 'f') AS parents
     FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
       AND c.relname <> ALL($1::text[])
     ORDER BY c.relname`,
    [Object.keys(leftOut)],
  );
  return parentsFirst(rows).map(({ name, columns }) => ({
    name,
    columns: columns.filter((column) => saidAnew[name]?.includes(column) !== true),
  }));
}

/** Throws when tables refer to each other in a ring, which no order of loading could follow. */
function parentsFirst(rows: readonly TableRow[]): TableRow[] {
  const sorted: TableRow[] = [];
  const left = new Map(rows.map((row) => [row.name, row]));
  while (left.size > 0) {
    const free = [...left.values()].filter(({ parents }) => !parents.some((one) => left.has(one)));
    if (free.length === 0)
      throw new Error(`tables refer to each other: ${[...left.keys()].join()}`);
    sorted.push(...free);
    for (const { name } of free) left.delete(name);
  }
  return sorted;
}

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The columns as COPY names them. */
export const columnList = ({ columns }: BackupTable): string => columns.map(quoted).join(', ');

/** Texts of values are the same on every server, and nothing ends a transfer because it takes long. */
export async function setUpCopying(sql: Sql): Promise<void> {
  for (const setting of [
    'statement_timeout = 0',
    'idle_in_transaction_session_timeout = 0',
    `lock_timeout = '30s'`,
    `"TimeZone" = 'UTC'`,
    `"DateStyle" = 'ISO, YMD'`,
    `"IntervalStyle" = 'postgres'`,
    'extra_float_digits = 1',
    `client_encoding = 'UTF8'`,
  ])
    await sql.query(`SET LOCAL ${setting}`);
}
