import { isAppError } from '@ambit/kernel';
import type { Clock, Logger } from '@ambit/kernel';
import type { RecurringJob } from '../../platform/jobs/job-runner.ts';
import { auditGrantEnded } from './grant-audit.ts';
import type { CommitPolicy } from '../policy/public.ts';

/** How long after its end a grant stays in the compile, so that nothing has to be pushed at the moment of the end. */
const graceMs = 5 * 60_000;
const atOnce = 500;

/**
 * Marks grants as ended once their end is five minutes past. The agents ended them by themselves, on time. While nothing
 * may be committed it waits for another turn.
 */
export function sweepEndedGrants(commit: CommitPolicy, clock: Clock, logger: Logger): RecurringJob {
  return {
    name: 'sweep-ended-grants',
    everyMs: 60_000,
    run: async () => {
      try {
        while ((await sweepOnce(commit, clock)) === atOnce);
      } catch (error) {
        if (!isAppError(error, 'state_ahead')) throw error;
        logger.warn('ended grants are not swept until the state epoch is raised');
      }
    },
  };
}

async function sweepOnce(commit: CommitPolicy, clock: Clock): Promise<number> {
  const { value } = await commit.run(
    { actor: { kind: 'system', name: 'system/sweep' }, unguarded: true },
    async (tx) => {
      const grants = await tx.grants.endPast(clock.now() - graceMs, atOnce);
      for (const grant of grants) auditGrantEnded(tx, grant);
      return grants;
    },
  );
  return value.length;
}
