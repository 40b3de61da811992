import type { Clock, Millis } from '@ambit/kernel';

/** A clock that moves when it is told to. Wall clock and monotonic clock can be moved apart. */
export class FakeClock implements Clock {
  #now: Millis;
  #monotonic = 0;

  constructor(now: Millis = Date.parse('2026-11-23T12:00:00Z')) {
    this.#now = now;
  }

  now(): Millis {
    return this.#now;
  }

  monotonic(): Millis {
    return this.#monotonic;
  }

  /** Time passes: both clocks go on. */
  advance(ms: Millis): void {
    this.#now += ms;
    this.#monotonic += ms;
  }

  /** Somebody sets the wall clock: only that one changes. */
  set(now: Millis): void {
    this.#now = now;
  }
}
