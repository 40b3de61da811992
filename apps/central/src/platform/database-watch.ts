import { toAppError } from '@ambit/kernel';
import type { Meters, Readiness, centralMetrics } from '@ambit/observability';
import type { Database } from '@ambit/persistence';

const everyMs = 1_000;

/** Asks the database once a second whether it is there, for readiness and metrics. Returns the function that ends it. */
export function watchDatabase(ports: {
  readonly database: Pick<Database, 'query' | 'connections'>;
  readonly readiness: Readiness;
  readonly meters: Pick<Meters<typeof centralMetrics>, 'dbPoolConnections'>;
}): () => void {
  const { database, readiness, meters } = ports;
  let over = false;
  let timer: NodeJS.Timeout | undefined;
  const look = async (): Promise<void> => {
    try {
      await database.query('SELECT 1');
      if (!over) readiness.ready('database');
    } catch (error) {
      if (!over) readiness.missing('database', toAppError(error).message);
    }
    for (const [state, count] of Object.entries(database.connections()))
      meters.dbPoolConnections.set({ state }, count);
    if (!over) timer = setTimeout(() => void look(), everyMs).unref();
  };
  void look();
  return () => {
    over = true;
    clearTimeout(timer);
  };
}
