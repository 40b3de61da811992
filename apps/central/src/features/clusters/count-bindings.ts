import type { Meters, centralMetrics } from '@ambit/observability';
import { countBindings } from '@ambit/persistence';
import type { Sql } from '@ambit/persistence';
import type { RecurringJob } from '../../platform/jobs/job-runner.ts';

/** Keeps how much in each cluster gives access, of ours and of others, as a metric; of one that is gone nothing. */
export function countClusterBindings({
  database,
  meters: { clusterBindings },
}: {
  readonly database: Sql;
  readonly meters: Pick<Meters<typeof centralMetrics>, 'clusterBindings'>;
}): RecurringJob {
  return {
    name: 'count-bindings',
    everyMs: 300_000,
    run: async () => {
      const all = await countBindings(database);
      clusterBindings.reset();
      for (const { cluster, foreign, ours } of all) {
        clusterBindings.set({ cluster, whose: 'foreign' }, foreign);
        if (ours !== undefined) clusterBindings.set({ cluster, whose: 'ours' }, ours);
      }
    },
  };
}
