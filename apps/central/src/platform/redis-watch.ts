import { Redis } from 'ioredis';
import type { Logger, Millis } from '@ambit/kernel';
import type { Meters, Readiness, centralMetrics } from '@ambit/observability';
import { redisAddress } from './redis-tls.ts';

const everyMs: Millis = 5_000;
const answerWithinMs: Millis = 2_000;
const longestPauseMs: Millis = 2_000;

/**
 * Knows whether Redis is there, for metrics and for who asks what is not well. Nothing that access hangs on needs it, so
 * central is ready without it. Returns the function that ends it.
 */
export function watchRedis(
  redisUrl: string,
  ports: {
    readonly readiness: Readiness;
    readonly meters: Pick<Meters<typeof centralMetrics>, 'jobStoreUp'>;
    readonly logger: Logger;
  },
): () => void {
  const { readiness, meters, logger } = ports;
  const { url, ...tls } = redisAddress(redisUrl);
  let there: boolean | undefined;
  let reason = 'it does not answer';
  const tell = (is: boolean): void => {
    meters.jobStoreUp.set({ store: 'redis' }, Number(is));
    const without = `away (${reason}): jobs wait for it, and each replica counts failed sign-ins alone`;
    readiness.ready('redis', is ? 'ok' : without);
    if (is === there) return;
    if (!is) logger.error('Redis cannot be reached: jobs wait until it can', { reason });
    else if (there === false) logger.info('Redis is back');
    there = is;
  };
  readiness.ready('redis', 'not asked yet');
  const client = new Redis(url, {
    ...tls,
    connectTimeout: 3_000,
    commandTimeout: answerWithinMs,
    // What cannot be asked now is not worth an answer later.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(attempt * 200, longestPauseMs),
  });
  client.on('error', (error: NodeJS.ErrnoException) => {
    reason = error.message || error.code || reason;
    tell(false);
  });
  client.on('ready', () => tell(true));
  const timer = setInterval(() => {
    if (client.status !== 'ready') return;
    client.ping().then(
      () => tell(true),
      ({ message }: Error) => {
        reason = message;
        tell(false);
      },
    );
  }, everyMs).unref();
  return () => {
    clearInterval(timer);
    client.removeAllListeners('ready');
    client.disconnect();
  };
}
