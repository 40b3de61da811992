import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@ambit/kernel';
import type { Clock, Ids } from '@ambit/kernel';
import { createLogger } from '@ambit/observability';
import { openDatabase, runningEmbeddedUrl, UnitOfWork } from '@ambit/persistence';
import type { Database } from '@ambit/persistence';
import type { CentralSettings } from '../config.ts';
import { DatabaseClock } from '../platform/database-clock.ts';
import { openDataFolder, requireOwnFolder } from '../platform/data-folder.ts';
import { systemClock, timeOrderedIds } from '../platform/ids.ts';
import { openCentralDatabase } from '../platform/open-database.ts';
import { Teardown } from '../platform/teardown.ts';

export interface Maintenance {
  readonly database: Database;
  readonly unitOfWork: UnitOfWork;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Folder of the keys. */
  readonly keysFolder: string;
}

/** Whoever is signed in on the machine that holds the data. */
export const operator = { kind: 'system', name: 'system/operator' } as const;

/** Runs work on the database, whether central is running or not. */
export async function withDatabase<T>(
  settings: CentralSettings,
  work: (maintenance: Maintenance) => Promise<T>,
): Promise<T> {
  const logger = createLogger({
    name: 'ambit-central',
    level: 'error',
    format: settings.logFormat,
  });
  const teardown = new Teardown(logger);
  const folder = join(settings.dataDir, 'central');
  try {
    const database = await open(settings, folder, teardown, logger);
    if ((await database.pendingMigrations()).length > 0) {
      throw new AppError('not_ready', 'The database was never used by this version of central.', {
        nextCommand: 'ambit-central',
      });
    }
    const clock = await DatabaseClock.read({ database, machine: systemClock, logger });
    const ids = timeOrderedIds;
    const unitOfWork = new UnitOfWork(database, { clock, ids, logger });
    return await work({ database, unitOfWork, clock, ids, keysFolder: join(folder, 'keys') });
  } finally {
    await teardown.run();
  }
}

async function open(
  settings: CentralSettings,
  folder: string,
  teardown: Teardown,
  logger: ReturnType<typeof createLogger>,
): Promise<Database> {
  await requireOwnFolder(settings.dataDir);
  const running =
    settings.databaseUrl?.reveal() ?? (await runningEmbeddedUrl(join(folder, 'postgres')));
  if (running !== undefined) {
    const database = await openDatabase({ url: running, logger, maxConnections: 2 });
    teardown.add('database', () => database.close());
    return database;
  }
  await access(join(folder, 'postgres')).catch(() => {
    throw new AppError('not_ready', `There is no installation in ${settings.dataDir} yet.`, {
      hint: 'Start central once, or name its folder with --data-dir.',
      nextCommand: 'ambit-central',
    });
  });
  const owned = await openDataFolder(settings.dataDir, (error) =>
    logger.error('another process took the data folder over', { error }),
  );
  teardown.add('data folder', () => owned.release());
  const opened = await openCentralDatabase({
    settings,
    postgresFolder: owned.postgres,
    logger,
    prepare: false,
  });
  teardown.add('database', () => opened.close());
  return opened.database;
}
