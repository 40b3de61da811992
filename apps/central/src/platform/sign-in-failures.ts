import type { ErrorCode } from '@ambit/kernel';
import type { NewAuditEvent } from '@ambit/persistence';
import { credentialName } from './actor.ts';
import type { Actor } from './actor.ts';
import { CountedFailures } from './counted-failures.ts';
import type { FailureTimes } from './counted-failures.ts';

/** A credential that was refused. */
export interface SignInFailure {
  readonly address: string;
  readonly reason: ErrorCode;
  /** Whose it claims to be, when there is one of that id. */
  readonly shown?: Actor;
}

/** Takes what failed; it never fails and never waits. */
export interface SignInFailureRecorder {
  note(failure: SignInFailure): void;
}

/** What stands for the address of those that share an event. */
export const manyAddresses = 'many addresses';

/** Failed sign-ins as audit events, told apart by address, token and reason. */
export class SignInFailures
  extends CountedFailures<SignInFailure>
  implements SignInFailureRecorder
{
  constructor(ports: ConstructorParameters<typeof CountedFailures>[0]) {
    super(ports, {
      keyOf,
      beyond: ({ reason }) => ({ address: manyAddresses, reason }),
      eventOf,
    });
  }
}

const idOf = ({ shown }: SignInFailure): string => shown?.credential.id ?? 'unknown';

const keyOf = (failure: SignInFailure): string =>
  JSON.stringify([failure.address, failure.reason, idOf(failure)]);

function eventOf(failure: SignInFailure, { count, since }: FailureTimes): NewAuditEvent {
  const { address, reason, shown } = failure;
  const what = shown === undefined ? 'an unknown token' : `the ${credentialName(shown)}`;
  const times = count === 1 ? '' : `, ${count} times`;
  return {
    type: 'login.failed',
    message: `Signing in with ${what} from ${address} failed${times}: ${reason}`,
    ...(shown === undefined ? {} : { object: objectOf(shown) }),
    result: { code: reason },
    details: {
      address,
      tokenId: idOf(failure),
      reason,
      count,
      since: new Date(since).toISOString(),
    },
  };
}

const objectOf = ({ credential, principal }: Actor): { kind: string; name: string } => ({
  kind: credential.kind,
  name: credential.kind === 'ApiToken' ? principal.name : credential.id,
});
