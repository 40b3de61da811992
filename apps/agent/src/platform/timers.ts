import type { Timers } from '@ambit/kube';

/** The machine's timers; none of them keeps the process alive. */
export const systemTimers: Timers = {
  after: (delay, callback) => {
    const timer = setTimeout(callback, delay).unref();
    return () => clearTimeout(timer);
  },
  monotonic: () => performance.now(),
};
