import { purgeSignIns } from '@ambit/persistence';
import type { Sql } from '@ambit/persistence';
import type { RecurringJob } from '../../platform/jobs/job-runner.ts';

/** Forgets sign-ins and attempts that are over, soon: strangers can make them. */
export function purgeOldSignIns({ database }: { readonly database: Sql }): RecurringJob {
  return { name: 'purge-sign-ins', everyMs: 60_000, run: async () => purgeSignIns(database) };
}
