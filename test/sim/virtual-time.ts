import type { Clock, Millis } from '@ambit/kernel';
import type { Timers } from '@ambit/kube';

interface Due {
  readonly at: Millis;
  readonly order: number;
  readonly callback: () => void;
}

const start = Date.parse('2026-11-23T12:00:00Z');

/** Time that passes only when it is told to. Timers of one moment fire in the order in which they were set. */
export class VirtualTime implements Timers, Clock {
  /** How far the wall clock of the agent is off. */
  offBy: Millis = 0;
  #at: Millis = 0;
  #orders = 0;
  readonly #due = new Map<number, Due>();

  monotonic(): Millis {
    return this.#at;
  }

  /** The wall clock of the agent. */
  now(): Millis {
    return start + this.#at + this.offBy;
  }

  /** What time it is in truth. */
  truth(): Millis {
    return start + this.#at;
  }

  after(delay: Millis, callback: () => void): () => void {
    const order = this.#orders++;
    this.#due.set(order, { at: this.#at + Math.max(0, delay), order, callback });
    return () => this.#due.delete(order);
  }

  sleep(ms: Millis): Promise<void> {
    return new Promise((done) => this.after(ms, done));
  }

  async advance(ms: Millis): Promise<void> {
    const until = this.#at + ms;
    await settled();
    for (;;) {
      const next = this.#next(until);
      if (next === undefined) break;
      this.#at = Math.max(this.#at, next.at);
      this.#due.delete(next.order);
      next.callback();
      await settled();
    }
    this.#at = until;
  }

  #next(until: Millis): Due | undefined {
    let next: Due | undefined;
    for (const due of this.#due.values()) {
      if (due.at <= until && (next === undefined || due.at < next.at)) next = due;
    }
    return next;
  }
}

/** Everything that follows from what just happened without time passing has happened. */
async function settled(): Promise<void> {
  await new Promise((done) => setImmediate(done));
}
