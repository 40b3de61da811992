import {
  excessRights,
  isDistrust,
  keepsSessions,
  openDatabase,
  roleNames,
  startEmbeddedPostgres,
} from '@ambit/persistence';
import type { Database } from '@ambit/persistence';
import { AppError, isAppError } from '@ambit/kernel';
import type { Logger } from '@ambit/kernel';
import type { CentralSettings } from '../config.ts';
import { prepareDatabase } from './prepare-database.ts';

export interface OpenedDatabase {
  /** As the application. */
  readonly database: Database;
  /** As the role that only adds to the audit trail; the one above where none is given. */
  readonly auditDatabase: Database;
  /** Of the application. Secret. */
  readonly url: string;
  /** What was opened, for people. */
  readonly kind: 'given' | 'embedded';
  /** Migrations that ran. */
  readonly migrated: readonly string[];
  close(): Promise<void>;
}

export interface OpenDatabaseOptions {
  readonly settings: Pick<
    CentralSettings,
    | 'databaseUrl'
    | 'databaseOwnerUrl'
    | 'databaseAuditUrl'
    | 'databaseRights'
    | 'auditRetention'
    | 'cacheDir'
    | 'databaseConnections'
  >;
  readonly postgresFolder: string;
  readonly logger: Logger;
  /** Do the owner's work first. Where it is false the database has to be ready. */
  readonly prepare: boolean;
  /** More work of the owner, once it has prepared the database; without the owner's URL there is none to do it. */
  readonly asOwner?: (ownerUrl: string) => Promise<void>;
}

const auditConnections = 3;
/** An announcement comes in a millisecond; a database that is busy may take its time. */
const sessionCheckMs = 15_000;

/**
 * The PostgreSQL that was named, or the embedded one of the data folder, with what the owner has to do done. Throws
 * database_unavailable, storage_full, not_ready, and config_invalid when the role may do what it should not.
 */
export function openCentralDatabase(options: OpenDatabaseOptions): Promise<OpenedDatabase> {
  return options.settings.databaseUrl === undefined ? openEmbedded(options) : openGiven(options);
}

async function openEmbedded(options: OpenDatabaseOptions): Promise<OpenedDatabase> {
  const { settings, logger } = options;
  const { auditRetention } = settings;
  let migrated: readonly string[] = [];
  const prepare = async (ownerUrl: string): Promise<void> => {
    migrated = await prepareDatabase(ownerUrl, roleNames, { auditRetention, logger });
    await options.asOwner?.(ownerUrl);
  };
  const server = await startEmbeddedPostgres({
    dataDir: options.postgresFolder,
    logger,
    cacheDir: settings.cacheDir,
    ...(options.prepare ? { prepare } : {}),
  });
  const pools = await openPools(options, server.url, server.auditUrl).catch(
    async (error: unknown) => {
      await server.stop();
      throw error;
    },
  );
  return {
    ...pools,
    url: server.url,
    kind: 'embedded',
    migrated,
    close: async () => {
      await pools.close();
      await server.stop();
    },
  };
}

async function openGiven(options: OpenDatabaseOptions): Promise<OpenedDatabase> {
  const { databaseUrl, databaseAuditUrl } = options.settings;
  const url = databaseUrl?.reveal() ?? '';
  const pools = await openPools(options, url, databaseAuditUrl?.reveal());
  try {
    if (options.prepare) await requireSessions(pools, url);
    const migrated = options.prepare ? await prepareGiven(options, pools, url) : [];
    if (options.prepare) await checkRights(options, pools);
    return { ...pools, url, kind: 'given', migrated };
  } catch (error) {
    await pools.close();
    throw error;
  }
}

type Pools = Pick<OpenedDatabase, 'database' | 'auditDatabase' | 'close'>;

async function openPools(
  { settings, logger }: OpenDatabaseOptions,
  url: string,
  auditUrl: string | undefined,
): Promise<Pools> {
  const open = (of: string, maxConnections: number): Promise<Database> =>
    openDatabase({ url: of, logger, maxConnections, applicationName: 'ambit-central' }).catch(
      (error: unknown) => {
        throw isAppError(error, 'database_unavailable') ? unreachable(of, error) : error;
      },
    );
  const database = await open(url, settings.databaseConnections);
  if (auditUrl === undefined)
    return { database, auditDatabase: database, close: () => database.close() };
  const auditDatabase = await open(auditUrl, auditConnections).catch(async (error: unknown) => {
    await database.close();
    throw error;
  });
  return {
    database,
    auditDatabase,
    close: async () => {
      await auditDatabase.close();
      await database.close();
    },
  };
}

/** Announcements of other replicas, prepared statements and locks belong to a connection, and have to stay there. */
async function requireSessions({ database, auditDatabase }: Pools, url: string): Promise<void> {
  for (const pool of new Set([database, auditDatabase])) {
    if (await keepsSessions(pool, sessionCheckMs)) continue;
    throw new AppError(
      'config_invalid',
      `A pooler before PostgreSQL at ${new URL(url).host} gives connections away between transactions.`,
      {
        why: `What central listened for was not heard within ${sessionCheckMs / 1000} s. It would run, and miss changes of other replicas.`,
        hint: 'Set pool_mode = session there, as docs/how-to/external-database.md says, or name PostgreSQL itself in AMBIT_DATABASE_URL.',
      },
    );
  }
}

/** With a URL of the owner it prepares; a role that may make tables prepares by itself; any other finds it prepared. */
async function prepareGiven(
  { settings, logger, asOwner }: OpenDatabaseOptions,
  { database, auditDatabase }: Pools,
  url: string,
): Promise<readonly string[]> {
  const ownerUrl = settings.databaseOwnerUrl?.reveal();
  const owns = ownerUrl === undefined && (await mayMakeTables(database));
  if (ownerUrl !== undefined || owns) {
    const roles = {
      application: await database.role(),
      auditWriter: await auditDatabase.role(),
    };
    const { auditRetention } = settings;
    const migrated = await prepareDatabase(ownerUrl ?? url, roles, { auditRetention, logger });
    await asOwner?.(ownerUrl ?? url);
    return migrated;
  }
  if (asOwner !== undefined) throw ownerNeeded();
  const pending = await database.pendingMigrations();
  if (pending.length === 0) return [];
  throw new AppError('not_ready', 'The database is not made ready for this release of central.', {
    why: `Migrations are missing (${pending.join(', ')}), and the role of AMBIT_DATABASE_URL may not make tables.`,
    hint: 'Run "ambit-central migrate" with AMBIT_DATABASE_OWNER_URL beside AMBIT_DATABASE_URL, or give it to the start.',
    nextCommand: 'ambit-central migrate',
  });
}

function ownerNeeded(): AppError {
  return new AppError('config_invalid', 'AMBIT_DATABASE_OWNER_URL is not set.', {
    why: 'This is work of the owner of the database: the role of AMBIT_DATABASE_URL may not write the audit trail anew.',
    hint: 'Give AMBIT_DATABASE_OWNER_URL beside AMBIT_DATABASE_URL. Nothing was changed.',
  });
}

async function mayMakeTables(database: Database): Promise<boolean> {
  const [row] = await database.query<{ may: boolean }>(
    `SELECT has_schema_privilege('public', 'CREATE') AND has_database_privilege(current_database(), 'CREATE') AS may`,
  );
  return row?.may === true;
}

async function checkRights(
  { settings, logger }: OpenDatabaseOptions,
  { database, auditDatabase }: Pools,
): Promise<void> {
  const pools = new Set([database, auditDatabase]);
  const excess: string[] = [];
  for (const pool of pools)
    for (const right of await excessRights(pool)) excess.push(`${await pool.role()} ${right}`);
  if (excess.length === 0) return;
  const message = 'A role of central in PostgreSQL may do more than it needs.';
  const hint =
    'Whoever gets hold of its secret could rewrite the audit trail: give the program roles of their own, as docs/how-to/external-database.md shows.';
  if (settings.databaseRights === 'warn') logger.warn(message, { excess, hint });
  else throw new AppError('config_invalid', message, { why: `${excess.join('; ')}.`, hint });
}

/** What PostgreSQL or the system said is told; the user and password in the URL are not. */
function unreachable(url: string, error: AppError): AppError {
  const { host, pathname } = new URL(url);
  const { message = '', code = '', why } = causeOf(error);
  return new AppError(
    'database_unavailable',
    `PostgreSQL at ${host || 'its socket'} cannot be used for the database ${pathname.slice(1) || '(default)'}.`,
    {
      why: why ?? `It was said: ${message || code || 'nothing'}.`,
      hint: hintFor(error),
      cause: error,
    },
  );
}

function causeOf(error: AppError): { message?: string; code?: string; why?: string | undefined } {
  const { why } = error.extras;
  return why === undefined ? ((error.cause ?? {}) as { message?: string; code?: string }) : { why };
}

function hintFor(error: AppError): string {
  const { message = '' } = causeOf(error);
  if (isDistrust(error.cause))
    return 'Nothing was told to it. The name in AMBIT_DATABASE_URL has to be one of its certificate, and sslrootcert=FILE of that URL its CA, unless a public one made it.';
  if (message.includes('startup parameter'))
    return 'A pooler stands before it: docs/how-to/external-database.md says how it has to be set.';
  // An error that says why knows what to do, too.
  return (
    (error.extras.why && error.extras.hint) ??
    'Look at AMBIT_DATABASE_URL, and whether PostgreSQL runs and lets this machine in; without the variable an embedded one is used.'
  );
}
