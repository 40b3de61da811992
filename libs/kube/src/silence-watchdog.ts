import type { Millis } from '@ambit/kernel';
import type { Timers } from './timers.ts';

/** Calls back when nothing was heard for `limit` milliseconds. One timer, however often something is heard. */
export class SilenceWatchdog {
  readonly #limit: Millis;
  readonly #timers: Timers;
  readonly #onSilence: () => void;
  #heardAt: Millis;
  #callOff: () => void = () => undefined;

  constructor(limit: Millis, timers: Timers, onSilence: () => void) {
    this.#limit = limit;
    this.#timers = timers;
    this.#onSilence = onSilence;
    this.#heardAt = timers.monotonic();
    this.#arm(limit);
  }

  heard(): void {
    this.#heardAt = this.#timers.monotonic();
  }

  stop(): void {
    this.#callOff();
  }

  #arm(delay: Millis): void {
    this.#callOff = this.#timers.after(delay, () => {
      const left = this.#heardAt + this.#limit - this.#timers.monotonic();
      if (left > 0) this.#arm(left);
      else this.#onSilence();
    });
  }
}
