import type { Millis } from '@ambit/kernel';
import type { AuditRecorder } from '../audit/audit-log.ts';
import { uncertainAboveMs } from './clock-interval.ts';
import type { ClockInterval } from './clock-interval.ts';

const everyMs: Millis = 5_000;

/** Tells in the audit trail when the sources of the time begin to differ too much, once until they agree again. */
export class ClockAlarm {
  readonly #clock: Pick<ClockInterval, 'uncertain'>;
  readonly #audit: AuditRecorder;
  #told = false;

  constructor(clock: Pick<ClockInterval, 'uncertain'>, audit: AuditRecorder) {
    this.#clock = clock;
    this.#audit = audit;
  }

  /** Looks every five seconds. Gives the function that ends it. */
  watch(): () => void {
    const timer = setInterval(() => this.look(), everyMs).unref();
    return () => clearInterval(timer);
  }

  look(): void {
    const { uncertain } = this.#clock;
    if (uncertain && !this.#told) {
      this.#audit.record({
        type: 'clock.uncertain',
        message: `The clocks of this machine, of central and of the API server differ by more than ${uncertainAboveMs / 1_000} s`,
      });
    }
    this.#told = uncertain;
  }
}
