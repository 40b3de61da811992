import type { Clock } from '@ambit/kernel';
import { purgeRemovedClusters } from '@ambit/persistence';
import type { Database, UnitOfWork } from '@ambit/persistence';
import type { RecurringJob } from '../../platform/jobs/job-runner.ts';

const day = 86_400_000;

/** Forgets what was used or over long ago: tokens of other issuers after an hour, join tokens and nonces after a day, API tokens, sessions and removed clusters after 30. */
export function purgeTokens(ports: {
  readonly unitOfWork: UnitOfWork;
  readonly database: Database;
  readonly clock: Clock;
}): RecurringJob {
  return {
    name: 'purge-tokens',
    everyMs: 3_600_000,
    run: async () => {
      const now = ports.clock.now();
      await ports.unitOfWork.run(
        { actor: { kind: 'system', name: 'system/purge' } },
        async (tx) => {
          await tx.joinTokens.purge(now - day);
          await tx.agents.purgeNonces();
          await tx.apiTokens.purge(now - 30 * day);
          await tx.sessions.purge(now - 30 * day);
          // A token that is over is refused by its end; an hour stands between two clocks.
          await tx.usedTokens.purge(now - 3_600_000);
        },
      );
      await purgeRemovedClusters(ports.database, now - 30 * day);
    },
  };
}
