import { purgePassedRequests } from './features/agent-gateway/public.ts';
import { auditJobs } from './features/audit/public.ts';
import { countClusterBindings } from './features/clusters/public.ts';
import { countDirectories } from './features/directories/public.ts';
import { layGrantHours, sweepEndedGrants } from './features/grants/public.ts';
import { rotateIssuerKeys } from './features/issuer/public.ts';
import type { CommitPolicy } from './features/policy/public.ts';
import { warnOfTokenEnds } from './features/services/public.ts';
import { countRunningSessions } from './features/sessions/public.ts';
import { purgeOldSignIns } from './features/sign-in/public.ts';
import { purgeTokens } from './features/tokens/public.ts';
import type { RecurringJob } from './platform/jobs/job-runner.ts';
import type { Runtime } from './platform/runtime.ts';
import type { Trust } from './trust.ts';

/** Every job of central. */
export function recurringJobs(
  commit: CommitPolicy,
  runtime: Runtime,
  { issuerSeal: seal }: Pick<Trust, 'issuerSeal'>,
): RecurringJob[] {
  return [
    ...auditJobs(runtime, runtime.settings.auditRetention),
    sweepEndedGrants(commit, runtime.clock, runtime.logger),
    layGrantHours(commit, runtime.clock, runtime.logger),
    purgeTokens(runtime),
    warnOfTokenEnds(runtime),
    countRunningSessions(runtime),
    countDirectories(runtime),
    countClusterBindings(runtime),
    purgeOldSignIns(runtime),
    purgePassedRequests(runtime),
    rotateIssuerKeys({ ...runtime, seal }),
  ];
}
