import type { Millis } from '@ambit/kernel';
import type { Timers } from '@ambit/kube';
import type { TimeInterval } from '../clock/clock-interval.ts';

/** Above 2^31 - 1 ms a timer fires at once; and after a suspend the wall clock is looked at again within this time. */
const longestSleepMs: Millis = 3_600_000;

export interface EndTimerOptions {
  readonly now: () => TimeInterval;
  /** Milliseconds until an end or a start is due, if both bounds of the clock run on. */
  readonly next: () => Millis | undefined;
  /** Something is due. */
  readonly due: () => void;
  readonly timers: Timers;
}

/** One timer for all ends and starts. */
export class EndTimer {
  readonly #options: EndTimerOptions;
  #timer: (() => void) | undefined;
  #planning: (() => void) | undefined;
  #planned: { readonly at: TimeInterval; readonly wait: Millis } | undefined;
  #stopped = false;

  constructor(options: EndTimerOptions) {
    this.#options = options;
  }

  /** What is wanted changed: finds the next end anew, once for many changes. */
  plan(): void {
    if (this.#stopped) return;
    this.#planning ??= this.#options.timers.after(0, () => {
      this.#planning = undefined;
      this.#plan();
    });
  }

  /** Something that is new ends in `wait` milliseconds: the next end is found anew unless one as soon is planned. */
  include(wait: Millis): void {
    const { at, wait: planned } = this.#planned ?? { at: this.#options.now(), wait: Infinity };
    if (wait < planned - (this.#options.now().high - at.high)) this.plan();
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
    this.#timer?.();
    this.#planning?.();
  }

  #plan(): void {
    if (this.#stopped) return;
    this.#timer?.();
    const next = this.#options.next();
    this.#planned = next === undefined ? undefined : { at: this.#options.now(), wait: next };
    const sleep = Math.min(Math.max(next ?? longestSleepMs, 1), longestSleepMs);
    this.#timer = this.#options.timers.after(sleep, () => this.#fire());
  }

  #fire(): void {
    this.#options.due();
    this.plan();
  }
}
