import { toAppError } from '@ambit/kernel';
import type { Meters, Readiness, centralMetrics } from '@ambit/observability';
import type { Database } from '@ambit/persistence';

const everyMs = 1_000;
/** Whoever uses the database finds out for all whether it is there: it is asked for that alone when nobody does. */
const askAfterMs = 45_000;

/**
 * Knows whether the database is there, for readiness and metrics: from what others ask of it, at once when a connection
 * breaks or somebody finds it gone, and once a second until it is back. Returns the function that ends it.
 */
export function watchDatabase(ports: {
  readonly database: Pick<Database, 'query' | 'connections' | 'onConnectionLost' | 'silentMs'>;
  readonly readiness: Readiness;
  readonly meters: Pick<Meters<typeof centralMetrics>, 'dbPoolConnections'>;
}): () => void {
  const { database, readiness, meters } = ports;
  let over = false;
  let asking = false;
  let doubtful = true;
  const ask = async (): Promise<void> => {
    if (asking || over) return;
    asking = true;
    try {
      await database.query('SELECT 1');
      doubtful = false;
      if (!over) readiness.ready('database');
    } catch (error) {
      doubtful = true;
      if (!over) readiness.missing('database', toAppError(error).message);
    }
    asking = false;
  };
  const timer = setInterval(() => {
    if (doubtful || database.silentMs >= askAfterMs) void ask();
    for (const [state, count] of Object.entries(database.connections()))
      meters.dbPoolConnections.set({ state }, count);
  }, everyMs).unref();
  const unsubscribe = database.onConnectionLost(() => void ask());
  void ask();
  return () => {
    over = true;
    unsubscribe();
    clearInterval(timer);
  };
}
