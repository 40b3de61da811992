import { openDatabase, startEmbeddedPostgres } from '@ambit/persistence';
import type { Database } from '@ambit/persistence';
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
    const database = await openDatabase({ ...options, url });
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
