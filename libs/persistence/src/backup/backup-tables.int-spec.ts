import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { testDatabase, type TestDatabase } from '@ambit/testing';
import { leftOut, listBackupTables } from './backup-tables.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

test('every table of the schema is in a backup or is left out for a reason, and what is referred to comes first', async () => {
  const tables = (await listBackupTables(db.database)).map(({ name }) => name);
  const rows = await db.database.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition`,
  );
  expect([...tables, ...Object.keys(leftOut)].sort()).toEqual(rows.map(({ name }) => name).sort());
  const references = await db.database.query<{ child: string; parent: string }>(
    `SELECT conrelid::regclass::text AS child, confrelid::regclass::text AS parent FROM pg_constraint WHERE contype = 'f'`,
  );
  const wrong = references.filter(
    ({ child, parent }) =>
      tables.includes(child) && tables.indexOf(parent) >= tables.indexOf(child),
  );
  expect(references.length).toBeGreaterThan(20);
  expect(wrong).toEqual([]);
});

test('no column is left out but the transaction of an event and those that PostgreSQL computes', async () => {
  const tables = new Map((await listBackupTables(db.database)).map((each) => [each.name, each]));
  const rows = await db.database.query<{ table: string; column: string }>(
    `SELECT table_name AS table, column_name AS column FROM information_schema.columns WHERE table_schema = 'public'`,
  );
  const absent = rows
    .filter(({ table, column }) => tables.get(table)?.columns.includes(column) === false)
    .map(({ table, column }) => `${table}.${column}`);
  expect(absent.sort()).toEqual(['audit_events.xid', 'cluster_sync.ceiling_version']);
});
