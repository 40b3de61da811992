import pg from 'pg';
import { DataSource } from 'typeorm';
import { databaseAddress } from './database-tls.ts';
import { allMigrations } from './migrations/all-migrations.ts';
import type { Sql } from './sql.ts';

const names = allMigrations.map((migration) => new migration().name);
/** Any number; all programs of ours use the same. */
const lockKey = 7_243_107_441;

/**
 * Runs what is missing in one transaction each, on a connection without a statement timeout. Programs that start
 * together wait for each other at an advisory lock.
 */
export async function runMigrations(url: string): Promise<readonly string[]> {
  const source = new DataSource({
    type: 'postgres',
    // Left to itself TypeORM looks for it by name, where a program that is a bundle has none.
    driver: pg,
    url,
    migrations: allMigrations,
    migrationsTransactionMode: 'each',
    synchronize: false,
    logging: false,
    extra: {
      ...databaseAddress(url),
      max: 4,
      options: '-c search_path=public,pg_temp -c lock_timeout=30000 -c TimeZone=UTC',
    },
  });
  await source.initialize();
  try {
    const guard = source.createQueryRunner();
    try {
      await guard.query('SELECT pg_advisory_lock($1)', [lockKey]);
      const ran = await source.runMigrations();
      return ran.map((migration) => migration.name);
    } finally {
      await guard.query('SELECT pg_advisory_unlock($1)', [lockKey]).catch(() => {});
      await guard.release();
    }
  } finally {
    await source.destroy();
  }
}

/** The migrations of this program that the database has not seen. */
export async function unknownToDatabase(sql: Sql): Promise<readonly string[]> {
  const [table] = await sql.query<{ found: boolean }>(
    `SELECT to_regclass('public.migrations') IS NOT NULL AS found`,
  );
  if (table?.found !== true) return names;
  const rows = await sql.query<{ name: string }>('SELECT name FROM migrations');
  const seen = new Set(rows.map((row) => row.name));
  return names.filter((name) => !seen.has(name));
}
