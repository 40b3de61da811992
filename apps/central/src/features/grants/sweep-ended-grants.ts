import type { Clock } from '@ambit/kernel';
import type { RecurringJob } from '../../platform/jobs/job-runner.ts';
import { auditGrantEnded } from '../policy/public.ts';
import type { CommitPolicy } from '../policy/public.ts';

/** How long after its end a grant stays in the compile, so that nothing has to be pushed at the moment of the end. */
const graceMs = 5 * 60_000;
const atOnce = 500;

/** Marks grants as ended once their end is five minutes past. The agents ended them by themselves, on time. */
export function sweepEndedGrants(commit: CommitPolicy, clock: Clock): RecurringJob {
  return {
    name: 'sweep-ended-grants',
    everyMs: 60_000,
    run: async () => {
      let ended = atOnce;
      while (ended === atOnce) {
        const { value } = await commit.run(
          { actor: { kind: 'system', name: 'system/sweep' }, unguarded: true },
          async (tx) => {
            const grants = await tx.grants.endPast(clock.now() - graceMs, atOnce);
            for (const grant of grants) auditGrantEnded(tx, grant);
            return grants;
          },
        );
        ended = value.length;
      }
    },
  };
}
