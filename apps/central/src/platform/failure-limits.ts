import { Redis } from 'ioredis';
import pg from 'pg';
import { RateLimiterPostgres, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
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
export function openFailureLimiter(
  store: JobStore,
  clock: Clock,
  logger: Logger,
): { readonly limiter: FailureLimiter; close(): Promise<void> } {
  const { counts, close } =
    'redisUrl' in store ? onRedis(store.redisUrl) : onPostgres(store.databaseUrl);
  return { limiter: new FailureLimiter(counts, clock, logger), close };
}

/** While Redis is away each replica counts by itself, also from the start. */
function onRedis(redisUrl: string): OpenedCounts {
  const { url, ...tls } = redisAddress(redisUrl);
  const storeClient = new Redis(url, {
    ...tls,
    maxRetriesPerRequest: 1,
    connectTimeout: 3_000,
  });
  // Without a listener a lost connection would end the process; every call tells of it by itself.
  storeClient.on('error', () => undefined);
  const limiter = new RateLimiterRedis({ ...shape, storeClient, rejectIfRedisNotReady: true });
  return { counts: countsOf(limiter), close: async () => storeClient.disconnect() };
}

function onPostgres(url: string): OpenedCounts {
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
