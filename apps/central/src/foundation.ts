import type { Logger } from '@ambit/kernel';
import { reachableText } from '@ambit/config';
import {
  centralMetrics,
  createMeters,
  createRegistry,
  Readiness,
  startHealthListener,
} from '@ambit/observability';
import { closeSessionsOfReplica, makeAuditPartitions, UnitOfWork } from '@ambit/persistence';
import type { CentralSettings } from './config.ts';
import { openDataFolder } from './platform/data-folder.ts';
import { DatabaseClock } from './platform/database-clock.ts';
import { watchDatabase } from './platform/database-watch.ts';
import { systemClock, timeOrderedIds } from './platform/ids.ts';
import { takeReplicaName } from './platform/replica-name.ts';
import type { ReplicaName } from './platform/replica-name.ts';
import type { JobStore } from './platform/jobs/job-runner.ts';
import { openCentralDatabase } from './platform/open-database.ts';
import { watchRedis } from './platform/redis-watch.ts';
import type { Runtime } from './platform/runtime.ts';
import type { Teardown } from './platform/teardown.ts';
import { version } from './version.ts';

/** What everything else stands on: the data folder, health and metrics, the migrated database. */
export interface Foundation {
  readonly runtime: Runtime;
  readonly keysFolder: string;
  readonly healthUrl: string;
  readonly replica: ReplicaName;
  readonly databaseKind: 'given' | 'embedded';
  /** Where jobs and limits are kept. */
  readonly store: JobStore;
  /** Resolves with the reason when this process has to stop by itself. */
  readonly failed: Promise<Error>;
  /** This process has to stop; the first reason counts. */
  readonly fail: (reason: Error) => void;
}

/** The owner's secret is of use until the database is ready, and held by nobody afterwards. */
const withoutOwner = (settings: CentralSettings): CentralSettings => ({
  ...settings,
  databaseOwnerUrl: undefined,
});

const partsOf = { api: ['agents', 'rest'], worker: ['jobs'] } as const;

/** Throws storage_unwritable, data_folder_locked, address_in_use, database_unavailable, storage_full. */
export async function openFoundation(
  settings: CentralSettings,
  logger: Logger,
  teardown: Teardown,
): Promise<Foundation> {
  const readiness = new Readiness([
    'database',
    'policy',
    ...settings.roles.flatMap((role) => partsOf[role]),
  ]);
  const registry = createRegistry({ version, processMetrics: 'all' });
  const meters = createMeters(registry, centralMetrics);
  const { promise: failed, resolve: fail } = Promise.withResolvers<Error>();
  const folder = await openDataFolder(settings.dataDir, fail);
  teardown.add('data folder', () => folder.release());
  const health = await startHealthListener({
    ...settings.healthListen,
    names: settings.healthNames,
    readiness,
    registry,
    logger,
  });
  teardown.add('health listener', () => health.close());

  const opened = await openCentralDatabase({
    settings,
    postgresFolder: folder.postgres,
    logger,
    prepare: true,
  });
  teardown.add('database', () => opened.close());
  const { database, auditDatabase } = opened;
  const clock = await DatabaseClock.read({ database, machine: systemClock, logger });
  teardown.add('clock', clock.follow());
  await makeAuditPartitions(database);
  readiness.ready('database');
  teardown.add('database watch', watchDatabase({ database, readiness, meters }));
  const redisUrl = settings.redisUrl?.reveal();
  if (redisUrl !== undefined)
    teardown.add('Redis watch', watchRedis(redisUrl, { readiness, meters, logger }));
  const unitOfWork = new UnitOfWork(database, { clock, ids: timeOrderedIds, logger });
  const stores = { database, auditDatabase, unitOfWork };
  const ports = { logger, clock, ids: timeOrderedIds, meters, readiness };
  return {
    runtime: { settings: withoutOwner(settings), ...ports, ...stores },
    keysFolder: folder.keys,
    replica: await takeReplicaName(folder.path),
    healthUrl: `http://${reachableText({ host: health.host, port: health.port })}`,
    databaseKind: opened.kind,
    store: redisUrl === undefined ? { databaseUrl: opened.url } : { redisUrl },
    failed,
    fail,
  };
}

/** Agents that were connected to this process before it was killed are not, until they come back. */
export async function endFormerSessions({ runtime, replica }: Foundation): Promise<void> {
  const { database, clock, logger } = runtime;
  if (replica.former === undefined) return;
  const ended = await closeSessionsOfReplica(database, replica.former, clock.now());
  if (ended.length === 0) return;
  logger.warn(
    'this central stopped without a word; its agents count as offline until they are back',
    {
      clusters: ended.length,
    },
  );
}
