import type { Clock, Logger, Millis } from '@ambit/kernel';
import { dropAuditBefore, ensureAuditPartitions } from '@ambit/persistence';
import type { Database } from '@ambit/persistence';
import type { RecurringJob } from '../../platform/jobs/job-runner.ts';

const hour = 3_600_000;

/** Makes the partitions of the coming days and drops those past retention. */
export function auditJobs(
  ports: { readonly database: Database; readonly clock: Clock; readonly logger: Logger },
  retentionMs: Millis,
): RecurringJob[] {
  const { database, clock, logger } = ports;
  return [
    {
      name: 'audit-partitions',
      everyMs: 6 * hour,
      run: async () => {
        await ensureAuditPartitions(database, clock.now());
      },
    },
    {
      name: 'audit-retention',
      everyMs: 6 * hour,
      run: async () => {
        const dropped = await dropAuditBefore(database, clock.now() - retentionMs);
        if (dropped.length > 0)
          logger.info('audit partitions past retention were dropped', { dropped });
      },
    },
  ];
}
