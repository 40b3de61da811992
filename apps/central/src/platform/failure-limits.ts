import { Redis } from 'ioredis';
import pg from 'pg';
import { RateLimiterPostgres, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import { AppError } from '@ambit/kernel';
import type { Clock, Logger } from '@ambit/kernel';
import { databaseAddress } from '@ambit/persistence';
import type { JobStore } from './jobs/job-runner.ts';
import { redisAddress } from './redis-tls.ts';
import { FailureLimiter, failuresPerMinute } from './failure-limiter.ts';
import type { FailureCount, FailureCounts } from './failure-limiter.ts';

interface OpenedCounts {
  readonly counts: FailureCounts;
  close(): Promise<void>;
}

const shape = { keyPrefix: 'failed-sign-in', points: failuresPerMinute, duration: 60 };

/** Counts failed sign-ins in the store that keeps jobs too. `close` frees its connections. */
export async function openFailureLimiter(
  store: JobStore,
  clock: Clock,
  logger: Logger,
): Promise<{ readonly limiter: FailureLimiter; close(): Promise<void> }> {
  const { counts, close } =
    'redisUrl' in store ? await onRedis(store.redisUrl) : await onPostgres(store.databaseUrl);
  return { limiter: new FailureLimiter(counts, clock, logger), close };
}

async function onRedis(redisUrl: string): Promise<OpenedCounts> {
  const { url, ...tls } = redisAddress(redisUrl);
  const storeClient = new Redis(url, {
    ...tls,
    maxRetriesPerRequest: 1,
    connectTimeout: 3_000,
  });
  // Without a listener a lost connection would end the process; every call tells of it by itself.
  storeClient.on('error', () => undefined);
  try {
    await storeClient.ping();
  } catch (cause) {
    storeClient.disconnect();
    throw new AppError('not_ready', 'Redis cannot be reached.', {
      hint: 'Check --redis-url, or leave it out to keep jobs and limits in PostgreSQL.',
      cause,
    });
  }
  const limiter = new RateLimiterRedis({ ...shape, storeClient });
  return { counts: countsOf(limiter), close: async () => storeClient.disconnect() };
}

async function onPostgres(url: string): Promise<OpenedCounts> {
  const pool = new pg.Pool({
    ...databaseAddress(url),
    max: 2,
    application_name: 'ambit-limits',
    options: '-c search_path=limits,pg_temp -c statement_timeout=5000',
  });
  pool.on('error', () => undefined);
  // Migrations make the table: the application has no right to make any.
  const limiter = new RateLimiterPostgres({
    ...shape,
    storeClient: pool,
    storeType: 'pool',
    schemaName: 'limits',
    tableName: 'failures',
    tableCreated: true,
  });
  return { counts: countsOf(limiter), close: () => pool.end() };
}

function countsOf(limiter: RateLimiterAbstract): FailureCounts {
  return {
    add: async (key): Promise<FailureCount> => {
      try {
        return await limiter.consume(key);
      } catch (refused) {
        if (refused instanceof RateLimiterRes) return refused;
        throw refused;
      }
    },
  };
}
