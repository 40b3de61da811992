import { randomBytes } from 'node:crypto';
import { type Database, openDatabase, roleNames } from '@ambit/persistence';
import { databaseUrl, sharedServerUrl, templateName } from './shared-postgres.ts';
import { silentLogger } from './silent-logger.ts';

export interface TestDatabase {
  /** Of the application's role, which is all that programs need. */
  readonly url: string;
  /** Of the role that only adds to the audit trail. */
  readonly auditUrl: string;
  /** Of the owner, for migrations. */
  readonly ownerUrl: string;
  /** Of the superuser, for what no program of ours may do. */
  readonly superuserUrl: string;
  /** As the application. */
  readonly database: Database;
  /** Another pool on the same database, as a second replica would have it, or for another role. Closed with the rest. */
  another(url?: string): Promise<Database>;
  /** Ends the pools and drops the database. */
  close(): Promise<void>;
}

/** The owner's URL of a test database whose application has `url`. */
export function ownerUrlOf(url: string): string {
  return databaseUrl(url, new URL(url).pathname.slice(1), roleNames.owner);
}

/** The URL of the role that only adds to the trail, of a test database whose application has `url`. */
export function auditUrlOf(url: string): string {
  return databaseUrl(url, new URL(url).pathname.slice(1), roleNames.auditWriter);
}

/**
 * A migrated PostgreSQL database of its own, on the one server of the test run, which is started by whoever needs it first
 * and ends with the run. Programs and stores use it as the application's role, as they do where they serve. Call it in `beforeAll` and `close` in `afterAll`.
 */
export async function testDatabase(): Promise<TestDatabase> {
  const serverUrl = await sharedServerUrl();
  const name = `t_${randomBytes(6).toString('hex')}`;
  const onServer = async (...statements: readonly string[]): Promise<void> => {
    const server = await openDatabase({ url: serverUrl, logger: silentLogger, maxConnections: 1 });
    try {
      for (const statement of statements) await server.query(statement);
    } finally {
      await server.close();
    }
  };
  const { owner, application, auditWriter } = roleNames;
  await onServer(
    `CREATE DATABASE ${name} TEMPLATE ${templateName} OWNER ${owner}`,
    `REVOKE ALL ON DATABASE ${name} FROM PUBLIC`,
    `GRANT CONNECT ON DATABASE ${name} TO ${application}, ${auditWriter}`,
  );
  const urlOf = (role?: string): string => databaseUrl(serverUrl, name, role);
  const url = urlOf(application);
  const pools: Database[] = [];
  // Statements that a busy machine keeps waiting are not cut: no test waits for that here.
  const patient = { maxConnections: 20, statementTimeoutMs: 60_000 };
  const another = async (as = url): Promise<Database> => {
    const pool = await openDatabase({ url: as, logger: silentLogger, ...patient });
    pools.push(pool);
    return pool;
  };
  const database = await another();
  return {
    url,
    auditUrl: urlOf(auditWriter),
    ownerUrl: urlOf(owner),
    superuserUrl: urlOf(),
    database,
    another,
    close: async () => {
      for (const pool of pools) await pool.close();
      await onServer(`DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}
