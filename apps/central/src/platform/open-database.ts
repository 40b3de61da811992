import { openDatabase, startEmbeddedPostgres } from '@ambit/persistence';
import type { Database } from '@ambit/persistence';
import { AppError, isAppError } from '@ambit/kernel';
import type { Logger } from '@ambit/kernel';
import type { CentralSettings } from '../config.ts';

export interface OpenedDatabase {
  readonly database: Database;
  /** Secret. */
  readonly url: string;
  /** What was opened, for people. */
  readonly kind: 'given' | 'embedded';
  close(): Promise<void>;
}

/** The PostgreSQL that was named, or the embedded one of the data folder. Throws database_unavailable, storage_full. */
export async function openCentralDatabase(
  settings: Pick<CentralSettings, 'databaseUrl' | 'cacheDir' | 'databaseConnections'>,
  postgresFolder: string,
  logger: Logger,
): Promise<OpenedDatabase> {
  const options = {
    logger,
    maxConnections: settings.databaseConnections,
    applicationName: 'ambit-central',
  };
  if (settings.databaseUrl !== undefined) {
    const url = settings.databaseUrl.reveal();
    const database = await openDatabase({ ...options, url }).catch((error: unknown) => {
      throw isAppError(error, 'database_unavailable') ? unreachable(url, error) : error;
    });
    return { database, url, kind: 'given', close: () => database.close() };
  }
  const server = await startEmbeddedPostgres({
    dataDir: postgresFolder,
    logger,
    cacheDir: settings.cacheDir,
  });
  const database = await openDatabase({ ...options, url: server.url });
  return {
    database,
    url: server.url,
    kind: 'embedded',
    close: async () => {
      await database.close();
      await server.stop();
    },
  };
}

/** What PostgreSQL or the system said is told; the user and password in the URL are not. */
function unreachable(url: string, error: AppError): AppError {
  const { host, pathname } = new URL(url);
  const { message = '', code = '' } = (error.cause ?? {}) as { message?: string; code?: string };
  return new AppError(
    'database_unavailable',
    `PostgreSQL at ${host || 'its socket'} cannot be used for the database ${pathname.slice(1) || '(default)'}.`,
    {
      why: `It was said: ${message || code || 'nothing'}.`,
      hint: 'Look at AMBIT_DATABASE_URL, and whether PostgreSQL runs and lets this machine in; without the variable an embedded one is used.',
      cause: error,
    },
  );
}
