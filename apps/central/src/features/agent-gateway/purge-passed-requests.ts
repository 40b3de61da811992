import { purgeRequests } from '@ambit/persistence';
import type { Sql } from '@ambit/persistence';
import type { RecurringJob } from '../../platform/jobs/job-runner.ts';

/** Forgets what replicas asked each other and nobody came back for, as when one of them died. */
export function purgePassedRequests({ database }: { readonly database: Sql }): RecurringJob {
  return {
    name: 'purge-credential-requests',
    everyMs: 60_000,
    run: async () => void (await purgeRequests(database)),
  };
}
