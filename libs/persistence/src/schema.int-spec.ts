import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { silentLogger, type TestDatabase, testDatabase } from '@ambit/testing';
import { DataSource } from 'typeorm';
import { openDatabase } from './database.ts';
import { dumpSchema } from './dump-schema.ts';
import { allEntities } from './entities/all-entities.ts';
import { allMigrations } from './migrations/all-migrations.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

async function onEmptyDatabase<T>(work: (url: string) => Promise<T>): Promise<T> {
  const name = `empty_${process.pid}_${Math.floor(performance.now())}`;
  const superuser = await db.another(db.superuserUrl);
  await superuser.query(`CREATE DATABASE ${name}`);
  const url = new URL(db.superuserUrl);
  url.pathname = `/${name}`;
  try {
    return await work(url.href);
  } finally {
    await superuser.query(`DROP DATABASE ${name} WITH (FORCE)`);
  }
}

describe('the schema', () => {
  test('is what schema.sql says', async () => {
    const golden = await readFile(new URL('../schema.sql', import.meta.url), 'utf8');
    expect(await dumpSchema(db.database)).toBe(golden);
  });

  test('every foreign key is indexed by its columns', async () => {
    const bare = await db.database.query(
      `SELECT c.conrelid::regclass AS "table", c.conname FROM pg_constraint c
       WHERE c.contype = 'f' AND NOT EXISTS (
         SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid
           AND (i.indkey::smallint[])[0:cardinality(c.conkey) - 1] = c.conkey)`,
    );
    expect(bare).toEqual([]);
  });

  test('no table but a list of one row lacks a primary key, except the audit trail', async () => {
    const bare = await db.database.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
         AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p') ORDER BY 1`,
    );
    expect(bare.map((row) => row.name)).toEqual(['audit_events', 'audit_events_default']);
  });

  test('entities name columns that exist, with their types', async () => {
    const source = new DataSource({ type: 'postgres', url: db.url, entities: allEntities });
    await source.initialize();
    try {
      const rows = await db.database.query<{
        t: string;
        c: string;
        type: string;
        nullable: string;
      }>(
        `SELECT table_name AS t, column_name AS c, udt_name AS type, is_nullable AS nullable
         FROM information_schema.columns WHERE table_schema = 'public'`,
      );
      const found = new Map(rows.map((row) => [`${row.t}.${row.c}`, row]));
      const short: Record<string, string> = { boolean: 'bool', integer: 'int4', bigint: 'int8' };
      for (const entity of source.entityMetadatas) {
        for (const column of entity.columns) {
          const row = found.get(`${entity.tableName}.${column.databaseName}`);
          const type = String(column.type);
          expect(row).toMatchObject({
            type: short[type] ?? type,
            nullable: column.isNullable ? 'YES' : 'NO',
          });
        }
      }
    } finally {
      await source.destroy();
    }
  });
});

describe('migrations', () => {
  test('run from empty, once, although three programs start together; the same schema comes out', async () => {
    await onEmptyDatabase(async (url) => {
      const programs = await Promise.all(
        [1, 2, 3].map(() => openDatabase({ url, logger: silentLogger, maxConnections: 2 })),
      );
      try {
        expect(await programs[0]?.pendingMigrations()).toHaveLength(allMigrations.length);
        const ran = await Promise.all(programs.map((one) => one.migrate()));
        expect(ran.flat()).toEqual(allMigrations.map((one) => one.name));
        for (const one of programs) expect(await one.pendingMigrations()).toEqual([]);
        expect(await dumpSchema(programs[0] ?? db.database)).toBe(await dumpSchema(db.database));
      } finally {
        for (const one of programs) await one.close();
      }
    });
  });

  test('are in the order of their timestamps, which their names carry', () => {
    const stamps = allMigrations.map((one) => Number(/\d{13}$/.exec(one.name)?.[0]));
    expect(stamps).toEqual([...stamps].sort((a, b) => a - b));
    expect(new Set(stamps).size).toBe(stamps.length);
  });
});
