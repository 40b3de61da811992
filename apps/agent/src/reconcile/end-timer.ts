import type { Millis } from '@ambit/kernel';
import type { TimeInterval } from '../clock/clock-interval.ts';

/** Above 2^31 - 1 ms a timer fires at once; and after a suspend the wall clock is looked at again within this time. */
const longestSleepMs: Millis = 3_600_000;

export interface EndTimerOptions {
  readonly now: () => TimeInterval;
  /** Milliseconds until an end or a start is due, if both bounds of the clock run on. */
  readonly next: () => Millis | undefined;
  /** Something is due. */
  readonly due: () => void;
}

/** One timer for all ends and starts. */
export class EndTimer {
  readonly #options: EndTimerOptions;
  #timer: NodeJS.Timeout | undefined;
  #planning: NodeJS.Immediate | undefined;
  #planned: { readonly at: TimeInterval; readonly wait: Millis } | undefined;
  #stopped = false;

  constructor(options: EndTimerOptions) {
    this.#options = options;
  }

  /** What is wanted changed: finds the next end anew, once for many changes. */
  plan(): void {
    this.#planning ??= setImmediate(() => {
      this.#planning = undefined;
      this.#plan();
    });
  }

  /** A clock was heard: what has come by it is due now. */
  clockChanged(): void {
    if (this.#planned === undefined) return;
    const { at, wait } = this.#planned;
    const { low, high } = this.#options.now();
    if (high - at.high >= wait || low - at.low >= wait) this.#fire();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearImmediate(this.#planning);
  }

  #plan(): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    const next = this.#options.next();
    this.#planned = next === undefined ? undefined : { at: this.#options.now(), wait: next };
    const sleep = Math.min(Math.max(next ?? longestSleepMs, 1), longestSleepMs);
    this.#timer = setTimeout(() => this.#fire(), sleep).unref();
  }

  #fire(): void {
    this.#options.due();
    this.plan();
  }
}
