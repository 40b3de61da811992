import type { Millis, Random } from '@ambit/kernel';
import type { Timers } from '@ambit/kube';
import type { Moment, ObjectKey } from '@ambit/rbac';

/** One timer for each object that waits, and the moment in which something happens. */
export class ObjectTimers {
  readonly #timers: Timers;
  readonly #random: Random;
  readonly #armed = new Map<ObjectKey, () => void>();

  constructor(timers: Timers, random: Random) {
    this.#timers = timers;
    this.#random = random;
  }

  now(): Moment {
    return { at: this.#timers.monotonic(), chance: this.#random() };
  }

  /** Calls back once after this time, instead of whatever was armed for the object before. */
  arm(key: ObjectKey, ms: Millis, fire: () => void): void {
    this.disarm(key);
    const callOff = this.#timers.after(ms, () => {
      this.#armed.delete(key);
      fire();
    });
    this.#armed.set(key, callOff);
  }

  disarm(key: ObjectKey): void {
    this.#armed.get(key)?.();
    this.#armed.delete(key);
  }

  stop(): void {
    for (const callOff of this.#armed.values()) callOff();
    this.#armed.clear();
  }
}
