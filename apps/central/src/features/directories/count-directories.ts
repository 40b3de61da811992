import type { Meters, centralMetrics } from '@ambit/observability';
import { readDirectories } from '@ambit/persistence';
import type { Sql } from '@ambit/persistence';
import type { RecurringJob } from '../../platform/jobs/job-runner.ts';

/** Keeps what directories hold, when they called last and which are stopped as metrics; of one that is gone nothing. */
export function countDirectories({
  database,
  meters,
}: {
  readonly database: Sql;
  readonly meters: Pick<
    Meters<typeof centralMetrics>,
    'directoryObjects' | 'directoryLastCall' | 'directoryStopped'
  >;
}): RecurringJob {
  return {
    name: 'count-directories',
    everyMs: 60_000,
    run: async () => {
      const all = await readDirectories(database);
      const { directoryObjects, directoryLastCall, directoryStopped } = meters;
      for (const gauge of [directoryObjects, directoryLastCall, directoryStopped]) gauge.reset();
      for (const { provider, lastCallAt, stoppedAt, ...held } of all) {
        directoryObjects.set({ provider, kind: 'users' }, held.users);
        directoryObjects.set({ provider, kind: 'active_users' }, held.activeUsers);
        directoryObjects.set({ provider, kind: 'groups' }, held.groups);
        directoryObjects.set({ provider, kind: 'memberships' }, held.memberships);
        if (lastCallAt !== undefined) directoryLastCall.set({ provider }, lastCallAt / 1_000);
        directoryStopped.set({ provider }, stoppedAt === undefined ? 0 : 1);
      }
    },
  };
}
