import { counted, isAppError } from '@ambit/kernel';
import type { Clock, Logger } from '@ambit/kernel';
import type { RecurringJob } from '../../platform/jobs/job-runner.ts';
import type { CommitPolicy } from '../policy/public.ts';

const atOnce = 500;

/**
 * Lays the hours of grants out further, once a day for each, so that every cluster knows a week ahead when access begins and
 * ends. It looks often, for a database that was restored or stood still. While nothing may be committed it waits for another turn.
 */
export function layGrantHours(commit: CommitPolicy, clock: Clock, logger: Logger): RecurringJob {
  return {
    name: 'lay-grant-hours',
    everyMs: 60_000,
    run: async () => {
      try {
        while ((await layOnce(commit, clock)) === atOnce);
      } catch (error) {
        if (!isAppError(error, 'state_ahead')) throw error;
        logger.warn('hours of grants are not laid out until the state epoch is raised');
      }
    },
  };
}

/** Nobody loses anything by it: what falls away is past. */
async function layOnce(commit: CommitPolicy, clock: Clock): Promise<number> {
  const { value } = await commit.run(
    { actor: { kind: 'system', name: 'system/hours' }, unguarded: true },
    async (tx) => {
      const grants = await tx.grants.layHours(clock.now(), atOnce);
      if (grants.length > 0) {
        tx.audit.record({
          type: 'grant.hours_laid',
          message: `The next hours of ${counted(grants.length, 'grant')} were laid out`,
        });
      }
      return grants;
    },
  );
  return value.length;
}
