import type { ErrorCode, Clock, Logger, Millis } from '@ambit/kernel';
import type { NewAuditEvent, UnitOfWork } from '@ambit/persistence';
import { credentialName } from './actor.ts';
import type { Actor } from './actor.ts';

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

interface Counted extends SignInFailure {
  /** Since the last event about it. */
  count: number;
  since: Millis;
  toldAt: Millis | undefined;
}

const lookEveryMs = 1_000;
const tellEveryMs = 60_000;
/** Told apart; those beyond share one event by reason. */
const mostApart = 100;
const manyAddresses = 'many addresses';
const anonymous = { kind: 'anonymous', name: 'anonymous' } as const;

/**
 * Failed sign-ins as audit events: the first of an address, token and reason within a second, and from then on one event a
 * minute with their number. However many come from wherever, about a hundred events a minute are written.
 */
export class SignInFailures implements SignInFailureRecorder {
  readonly #ports: {
    readonly unitOfWork: UnitOfWork;
    readonly clock: Clock;
    readonly logger: Logger;
  };
  readonly #counted = new Map<string, Counted>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(ports: {
    readonly unitOfWork: UnitOfWork;
    readonly clock: Clock;
    readonly logger: Logger;
  }) {
    this.#ports = ports;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#tell(false), lookEveryMs).unref();
  }

  note(failure: SignInFailure): void {
    const own = keyOf(failure);
    const apart = this.#counted.has(own) || this.#counted.size < mostApart;
    const { reason } = failure;
    const noted = apart ? failure : { address: manyAddresses, reason };
    const key = keyOf(noted);
    const counted = this.#counted.get(key);
    if (counted === undefined) {
      const since = this.#ports.clock.now();
      this.#counted.set(key, { ...noted, count: 1, since, toldAt: undefined });
      return;
    }
    if (counted.count === 0) counted.since = this.#ports.clock.now();
    counted.count++;
  }

  /** Tells what was not told yet. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#tell(true);
  }

  #tell(all: boolean): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write(all));
    return this.#writing;
  }

  async #write(all: boolean): Promise<void> {
    const now = this.#ports.clock.monotonic();
    const quiet = ({ toldAt }: Counted): boolean =>
      toldAt === undefined || now - toldAt >= tellEveryMs;
    const due = [...this.#counted.values()].filter((one) => one.count > 0 && (all || quiet(one)));
    for (const [key, one] of this.#counted)
      if (one.count === 0 && quiet(one)) this.#counted.delete(key);
    if (due.length === 0) return;
    const events = due.map(eventOf);
    for (const one of due) Object.assign(one, { count: 0, toldAt: now });
    try {
      await this.#ports.unitOfWork.run({ actor: anonymous }, async (tx) =>
        events.forEach((event) => tx.audit.record(event)),
      );
    } catch (error) {
      this.#ports.logger.warn('failed sign-ins could not be told in the audit trail', {
        error,
        events: events.length,
      });
    }
  }
}

const idOf = ({ shown }: SignInFailure): string => shown?.credential.id ?? 'unknown';

const keyOf = (failure: SignInFailure): string =>
  JSON.stringify([failure.address, failure.reason, idOf(failure)]);

function eventOf(failure: Counted): NewAuditEvent {
  const { address, reason, shown, count, since } = failure;
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
