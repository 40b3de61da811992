import type { Millis } from '@ambit/kernel';

/** Timers as a port, so that tests choose when they fire. */
export interface Timers {
  /** Calls back once after `delay` milliseconds; the returned function calls it off. */
  after(delay: Millis, callback: () => void): () => void;
  /** Never goes back; only differences mean something. */
  monotonic(): Millis;
}

/** The platform's timers. */
export const platformTimers: Timers = {
  after: (delay, callback) => {
    const timer = setTimeout(callback, delay);
    return () => clearTimeout(timer);
  },
  monotonic: () => performance.now(),
};
