import { join } from 'node:path';
import { createLogger } from '@ambit/observability';
import { AppError } from '@ambit/kernel';
import type { CentralSettings } from '../config.ts';
import { openDataFolder } from '../platform/data-folder.ts';
import { openCentralDatabase } from '../platform/open-database.ts';
import { Teardown } from '../platform/teardown.ts';

/** Does what only the owner of the database may do, and ends: so no program that serves has to hold its secret. */
export async function migrate(
  settings: CentralSettings,
  write: (line: string) => void,
): Promise<void> {
  if (settings.databaseUrl === undefined && settings.databaseOwnerUrl !== undefined) {
    throw new AppError('usage', 'AMBIT_DATABASE_OWNER_URL is given without AMBIT_DATABASE_URL.', {
      hint: 'Set both: the role of AMBIT_DATABASE_URL is the one that gets the rights.',
    });
  }
  const logger = createLogger({
    name: 'ambit-central',
    level: 'warn',
    format: settings.logFormat,
  });
  const teardown = new Teardown(logger);
  try {
    const postgresFolder = await folderOf(settings, teardown);
    const opened = await openCentralDatabase({ settings, postgresFolder, logger, prepare: true });
    teardown.add('database', () => opened.close());
    for (const name of opened.migrated) write(`ran ${name}`);
    write(`The database is ready; ${opened.migrated.length} migrations ran.`);
  } finally {
    await teardown.run();
  }
}

/** A database of one's own needs no folder. */
async function folderOf(settings: CentralSettings, teardown: Teardown): Promise<string> {
  if (settings.databaseUrl !== undefined) return join(settings.dataDir, 'central', 'postgres');
  const folder = await openDataFolder(settings.dataDir, () => undefined);
  teardown.add('data folder', () => folder.release());
  return folder.postgres;
}
