import { auditJobs } from './features/audit/public.ts';
import { sweepEndedGrants } from './features/grants/public.ts';
import type { CommitPolicy } from './features/policy/public.ts';
import { purgeTokens } from './features/tokens/public.ts';
import type { RecurringJob } from './platform/jobs/job-runner.ts';
import type { Runtime } from './platform/runtime.ts';

/** Every job of central. */
export function recurringJobs(commit: CommitPolicy, runtime: Runtime): RecurringJob[] {
  return [
    ...auditJobs(runtime, runtime.settings.auditRetention),
    sweepEndedGrants(commit, runtime.clock, runtime.logger),
    purgeTokens(runtime),
  ];
}
