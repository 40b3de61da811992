import type { NewAuditEvent } from '@ambit/persistence';
import { CountedFailures } from '../../platform/counted-failures.ts';
import type { FailureTimes } from '../../platform/counted-failures.ts';

/** A sign-in at a provider that came to nothing, but for what identities say about the person. */
export interface FailedUpstream {
  readonly provider: string;
  /** `ProviderReason`; `state` for an answer that no browser of ours waits for; `logout` for a logout token that is no good. */
  readonly reason: string;
  /** For who runs central. */
  readonly why: string;
  /** What the page told the person to quote. */
  readonly reference?: string;
}

/** Failed sign-ins at providers as audit events, told apart by provider and reason. */
export class FailedUpstreams extends CountedFailures<FailedUpstream> {
  constructor(ports: ConstructorParameters<typeof CountedFailures>[0]) {
    super(ports, {
      keyOf: ({ provider, reason, why }) => JSON.stringify([provider, reason, why]),
      beyond: ({ provider, reason }) => ({ provider, reason, why: 'too many to tell apart' }),
      eventOf,
    });
  }
}

function eventOf(
  { provider, reason, why, reference }: FailedUpstream,
  { count, since }: FailureTimes,
): NewAuditEvent {
  const what = reason === 'logout' ? 'A logout by' : 'Signing in with';
  const times = count === 1 ? '' : `, ${count} times`;
  return {
    type: reason === 'state' ? 'login.failed' : 'identity_provider.failed',
    message: `${what} ${provider} failed${times}: ${why}`,
    object: { kind: 'IdentityProvider', name: provider },
    result: { code: 'sign_in_refused' },
    details: {
      provider,
      reason,
      why,
      count,
      since: new Date(since).toISOString(),
      ...(reference === undefined ? {} : { reference }),
    },
  };
}
