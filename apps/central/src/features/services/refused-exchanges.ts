import { printable } from '@ambit/kernel';
import type { NewAuditEvent } from '@ambit/persistence';
import { CountedFailures } from '../../platform/counted-failures.ts';
import type { FailureTimes } from '../../platform/counted-failures.ts';
import { manyAddresses } from '../../platform/sign-in-failures.ts';
import type { TokenRefusal } from './federation.ts';

/** A token that was not exchanged. */
export interface RefusedExchange extends TokenRefusal {
  /** As the caller named it; there may be no such identity. */
  readonly service: string;
  /** As the token names it, which nobody vouches for. */
  readonly issuer: string;
  readonly address: string;
}

/** Refused exchanges as audit events that say which claim differed, told apart by address, service, issuer and claim. */
export class RefusedExchanges extends CountedFailures<RefusedExchange> {
  constructor(ports: ConstructorParameters<typeof CountedFailures>[0]) {
    super(ports, {
      keyOf: ({ address, service, issuer, claim }) =>
        JSON.stringify([address, service, shown(issuer), claim]),
      beyond: ({ claim }) => ({
        address: manyAddresses,
        service: 'many',
        issuer: 'many',
        claim,
        why: 'too many to tell apart',
      }),
      eventOf,
    });
  }
}

const shown = (issuer: string): string => printable(issuer.slice(0, 200));

function eventOf(
  { service, issuer, address, claim, why }: RefusedExchange,
  { count, since }: FailureTimes,
): NewAuditEvent {
  const times = count === 1 ? '' : `, ${count} times`;
  const from = shown(issuer);
  return {
    type: 'exchange.refused',
    message: `A token of ${from} for service/${service} from ${address} was refused${times}: ${why}`,
    object: { kind: 'ServiceIdentity', name: service },
    result: { code: 'exchange_refused' },
    details: {
      service,
      issuer: from,
      address,
      claim,
      reason: why,
      count,
      since: new Date(since).toISOString(),
    },
  };
}
