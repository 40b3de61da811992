import type { Meters, centralMetrics } from '@ambit/observability';
import { countSessions } from '@ambit/persistence';
import type { Sql } from '@ambit/persistence';
import type { RecurringJob } from '../../platform/jobs/job-runner.ts';

/** Keeps the number of sessions that run as a metric. */
export function countRunningSessions(ports: {
  readonly database: Sql;
  readonly meters: Pick<Meters<typeof centralMetrics>, 'sessionsActive'>;
}): RecurringJob {
  return {
    name: 'count-sessions',
    everyMs: 60_000,
    run: async () => ports.meters.sessionsActive.set(await countSessions(ports.database)),
  };
}
