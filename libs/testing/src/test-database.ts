import { randomBytes } from 'node:crypto';
import { type Database, openDatabase } from '@ambit/persistence';
import { databaseUrl, sharedServerUrl, templateName } from './shared-postgres.ts';
import { silentLogger } from './silent-logger.ts';

export interface TestDatabase {
  readonly url: string;
  readonly database: Database;
  /** Another pool on the same database, as a second replica would have it. Closed with the rest. */
  another(): Promise<Database>;
  /** Ends the pools and drops the database. */
  close(): Promise<void>;
}

/**
 * A migrated PostgreSQL database of its own, on the one server of the test run, which is started by whoever needs it first
 * and ends with the run. Call it in `beforeAll` and `close` in `afterAll`.
 */
export async function testDatabase(): Promise<TestDatabase> {
  const serverUrl = await sharedServerUrl();
  const name = `t_${randomBytes(6).toString('hex')}`;
  const onServer = async (statement: string): Promise<void> => {
    const server = await openDatabase({ url: serverUrl, logger: silentLogger, maxConnections: 1 });
    try {
      await server.query(statement);
    } finally {
      await server.close();
    }
  };
  await onServer(`CREATE DATABASE ${name} TEMPLATE ${templateName}`);
  const url = databaseUrl(serverUrl, name);
  const pools: Database[] = [];
  const another = async (): Promise<Database> => {
    const pool = await openDatabase({ url, logger: silentLogger, maxConnections: 20 });
    pools.push(pool);
    return pool;
  };
  const database = await another();
  return {
    url,
    database,
    another,
    close: async () => {
      for (const pool of pools) await pool.close();
      await onServer(`DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}
