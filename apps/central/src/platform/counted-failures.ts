import type { Clock, Logger, Millis } from '@ambit/kernel';
import type { NewAuditEvent, UnitOfWork } from '@ambit/persistence';

/** How often something failed since the last event about it. */
export interface FailureTimes {
  readonly count: number;
  readonly since: Millis;
}

/** How failures of one sort are told apart and told. */
export interface FailureWords<F> {
  /** Failures with the same key share an event. */
  keyOf(failure: F): string;
  /** What those share that are too many to be told apart. */
  beyond(failure: F): F;
  eventOf(failure: F, times: FailureTimes): NewAuditEvent;
}

interface Counted<F> {
  readonly failure: F;
  count: number;
  since: Millis;
  toldAt: Millis | undefined;
}

interface Ports {
  readonly unitOfWork: UnitOfWork;
  readonly clock: Clock;
  readonly logger: Logger;
}

const lookEveryMs = 1_000;
const tellEveryMs = 60_000;
/** Told apart; those beyond share what `beyond` says. */
const mostApart = 100;
const anonymous = { kind: 'anonymous', name: 'anonymous' } as const;

/**
 * Failures of callers as audit events: the first of a key within a second, and from then on one event a minute with their
 * number. However many come from wherever, about a hundred events a minute are written.
 */
export class CountedFailures<F> {
  readonly #ports: Ports;
  readonly #words: FailureWords<F>;
  readonly #counted = new Map<string, Counted<F>>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(ports: Ports, words: FailureWords<F>) {
    this.#ports = ports;
    this.#words = words;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#tell(false), lookEveryMs).unref();
  }

  /** It never fails and never waits. */
  note(failure: F): void {
    const { keyOf, beyond } = this.#words;
    const apart = this.#counted.has(keyOf(failure)) || this.#counted.size < mostApart;
    const noted = apart ? failure : beyond(failure);
    const key = keyOf(noted);
    const counted = this.#counted.get(key);
    if (counted === undefined) {
      const since = this.#ports.clock.now();
      this.#counted.set(key, { failure: noted, count: 1, since, toldAt: undefined });
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
    const quiet = ({ toldAt }: Counted<F>): boolean =>
      toldAt === undefined || now - toldAt >= tellEveryMs;
    const due = [...this.#counted.values()].filter((one) => one.count > 0 && (all || quiet(one)));
    for (const [key, one] of this.#counted)
      if (one.count === 0 && quiet(one)) this.#counted.delete(key);
    if (due.length === 0) return;
    const events = due.map(({ failure, count, since }) =>
      this.#words.eventOf(failure, { count, since }),
    );
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
