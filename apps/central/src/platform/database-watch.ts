import { toAppError } from '@ambit/kernel';
import type { Meters, Readiness, centralMetrics } from '@ambit/observability';
import type { Database } from '@ambit/persistence';

const everyMs = 1_000;

/**
 * Asks the database once a second, and when a connection breaks, whether it is there: for readiness and metrics.
 * Returns the function that ends it.
 */
export function watchDatabase(ports: {
  readonly database: Pick<Database, 'query' | 'connections' | 'onConnectionLost'>;
  readonly readiness: Readiness;
  readonly meters: Pick<Meters<typeof centralMetrics>, 'dbPoolConnections'>;
}): () => void {
  const { database, readiness, meters } = ports;
  let over = false;
  let looking = false;
  let timer: NodeJS.Timeout | undefined;
  const look = async (): Promise<void> => {
    if (looking || over) return;
    looking = true;
    clearTimeout(timer);
    try {
      await database.query('SELECT 1');
      if (!over) readiness.ready('database');
    } catch (error) {
      if (!over) readiness.missing('database', toAppError(error).message);
    }
    for (const [state, count] of Object.entries(database.connections()))
      meters.dbPoolConnections.set({ state }, count);
    looking = false;
    if (!over) timer = setTimeout(() => void look(), everyMs).unref();
  };
  const unsubscribe = database.onConnectionLost(() => void look());
  void look();
  return () => {
    over = true;
    unsubscribe();
    clearTimeout(timer);
  };
}
