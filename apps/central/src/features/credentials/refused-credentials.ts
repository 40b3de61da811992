import type { ErrorCode } from '@ambit/kernel';
import type { NewAuditEvent } from '@ambit/persistence';
import { principalName } from '../../platform/actor.ts';
import type { Actor } from '../../platform/actor.ts';
import { CountedFailures } from '../../platform/counted-failures.ts';
import type { FailureTimes } from '../../platform/counted-failures.ts';

/** A credential that was not given. */
export interface RefusedCredential {
  readonly actor: Pick<Actor, 'principal'>;
  /** As the caller named it; there may be no such cluster. */
  readonly cluster: string;
  readonly code: ErrorCode;
}

/** Refused credentials as audit events, told apart by who asked, for which cluster, and why. */
export class RefusedCredentials extends CountedFailures<RefusedCredential> {
  constructor(ports: ConstructorParameters<typeof CountedFailures>[0]) {
    super(ports, {
      keyOf: ({ actor, cluster, code }) =>
        JSON.stringify([principalName(actor.principal), cluster, code]),
      beyond: ({ actor, code }) => ({ actor, code, cluster: 'many' }),
      eventOf,
    });
  }
}

function eventOf(
  { actor, cluster, code }: RefusedCredential,
  { count, since }: FailureTimes,
): NewAuditEvent {
  const { principal } = actor;
  const who = principalName(principal);
  const times = count === 1 ? '' : `, ${count} times`;
  const kind = { user: 'User', service: 'ServiceIdentity', token: 'ApiToken' }[principal.kind];
  return {
    type: 'credential.refused',
    message: `${who} was given no credential of cluster ${cluster}${times}: ${code}`,
    object: { kind, name: principal.name },
    result: { code },
    details: { cluster, reason: code, count, since: new Date(since).toISOString() },
  };
}
