import type { Clock } from '@ambit/kernel';
import type { Meters, centralMetrics } from '@ambit/observability';
import { countEndingTokens } from '@ambit/persistence';
import type { NewAuditEvent, SessionRecord, Sql, UnitOfWork } from '@ambit/persistence';
import type { RecurringJob } from '../../platform/jobs/job-runner.ts';
import { timestamp } from '../../platform/object-response.ts';

/** Days before its end at which it is told that a token ends; the last first, so that a late one is told once. */
const toldBefore = [3, 14] as const;

/** Tells ahead of time which static tokens of service identities end: by an event, once each, and by a metric. */
export function warnOfTokenEnds(ports: {
  readonly unitOfWork: UnitOfWork;
  readonly database: Sql;
  readonly clock: Pick<Clock, 'now'>;
  readonly meters: Pick<Meters<typeof centralMetrics>, 'serviceTokensEnding'>;
}): RecurringJob {
  return {
    name: 'warn-of-token-ends',
    everyMs: 3_600_000,
    run: async () => {
      const { unitOfWork, database, clock, meters } = ports;
      const actor = { kind: 'system', name: 'system/service-tokens' } as const;
      await unitOfWork.run({ actor }, async ({ sessions, audit }) => {
        for (const days of toldBefore) {
          for (const token of await sessions.warn(days)) audit.record(endingEvent(token, clock));
        }
      });
      for (const days of toldBefore)
        meters.serviceTokensEnding.set({ days }, await countEndingTokens(database, days));
    },
  };
}

function endingEvent(
  { id, tokenName = '', principal, expiresAt }: SessionRecord,
  clock: Pick<Clock, 'now'>,
): NewAuditEvent {
  const days = Math.ceil((expiresAt - clock.now()) / 86_400_000);
  return {
    type: 'service_token.expiring',
    message: `The token ${tokenName} of service/${principal.name} ends in ${days} ${days === 1 ? 'day' : 'days'}`,
    object: { kind: 'ServiceIdentity', name: principal.name, uid: principal.uid },
    details: { token: tokenName, session: id, days, expiresAt: timestamp(expiresAt) },
  };
}
