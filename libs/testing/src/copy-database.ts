import { openDatabase, roleNames } from '@ambit/persistence';
import { silentLogger } from './silent-logger.ts';

const onServer = async (url: string, ...statements: readonly string[]): Promise<void> => {
  const maintenance = new URL(url);
  maintenance.pathname = '/postgres';
  const options = { url: maintenance.href, logger: silentLogger, statementTimeoutMs: 60_000 };
  const server = await openDatabase({ ...options, maxConnections: 1 });
  try {
    for (const statement of statements) await server.query(statement);
  } finally {
    await server.close();
  }
};

const nameOf = (url: string): string => decodeURIComponent(new URL(url).pathname.slice(1));

const endConnections = (name: string): string =>
  `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`;

/** A whole copy of a database (`url` as its superuser) under another name on its server, as a backup is. Whoever is connected to it is cut off. */
export async function backUpDatabase(url: string, backup: string): Promise<void> {
  const name = nameOf(url);
  await onServer(
    url,
    `DROP DATABASE IF EXISTS ${backup} WITH (FORCE)`,
    `ALTER DATABASE ${name} ALLOW_CONNECTIONS false`,
    endConnections(name),
    `CREATE DATABASE ${backup} TEMPLATE ${name} OWNER ${roleNames.owner}`,
    `ALTER DATABASE ${name} ALLOW_CONNECTIONS true`,
  );
}

/** The database as it was when `backup` was made; everything since then is gone, and whoever is connected is cut off. */
export async function restoreDatabase(url: string, backup: string): Promise<void> {
  const name = nameOf(url);
  await onServer(
    url,
    `DROP DATABASE ${name} WITH (FORCE)`,
    `CREATE DATABASE ${name} TEMPLATE ${backup} OWNER ${roleNames.owner}`,
  );
}

/** The backup is not needed any more. */
export function dropBackup(url: string, backup: string): Promise<void> {
  return onServer(url, `DROP DATABASE IF EXISTS ${backup} WITH (FORCE)`);
}
