import { counted } from '@ambit/kernel';
import type { Clock, Logger, Millis } from '@ambit/kernel';
import { auditToDrop, dropAuditBefore, makeAuditPartitions } from '@ambit/persistence';
import type { AuditToDrop, Database, NewAuditEvent, UnitOfWork } from '@ambit/persistence';
import type { RecurringJob } from '../../platform/jobs/job-runner.ts';

const hour = 3_600_000;

/** Makes the partitions of the coming days and drops those past retention. */
export function auditJobs(
  ports: {
    readonly database: Database;
    readonly unitOfWork: UnitOfWork;
    readonly clock: Clock;
    readonly logger: Logger;
  },
  retentionMs: Millis,
): RecurringJob[] {
  const { database, clock, logger } = ports;
  return [
    {
      name: 'audit-partitions',
      everyMs: 6 * hour,
      run: async () => {
        await makeAuditPartitions(database);
      },
    },
    {
      name: 'audit-retention',
      everyMs: 6 * hour,
      run: async () => {
        const before = clock.now() - retentionMs;
        await tellWhatGoes(ports, before);
        const dropped = await dropAuditBefore(database, before);
        if (dropped.length > 0)
          logger.info('audit partitions past retention were dropped', { dropped });
      },
    },
  ];
}

/** What is dropped stands in what stays, before it goes. */
async function tellWhatGoes(
  { database, unitOfWork }: { readonly database: Database; readonly unitOfWork: UnitOfWork },
  before: Millis,
): Promise<void> {
  const going = await auditToDrop(database, before);
  if (going.length === 0) return;
  await unitOfWork.run({ actor: { kind: 'system', name: 'system/audit-retention' } }, async (tx) =>
    going.forEach((one) => tx.audit.record(retentionEvent(one))),
  );
}

function retentionEvent({ partition, events, ...range }: AuditToDrop): NewAuditEvent {
  const [from, to] = [range.from, range.to].map((at) => new Date(at).toISOString()) as [
    string,
    string,
  ];
  return {
    type: 'audit.retention',
    message: `${counted(events, 'audit event')}, received from ${from} to ${to}, past retention: dropped`,
    details: { partition, events, from, to },
  };
}
