import type { Millis } from '@ambit/kernel';
import type { Timers } from '@ambit/kube';
import { FakeClock } from '@ambit/testing';

interface Due {
  readonly at: Millis;
  readonly call: () => void;
}

/**
 * Time that passes when a test says so. While it stands no wait ends, however busy the machine is: what happens
 * nevertheless was not waited for.
 */
export class HandTime extends FakeClock implements Timers {
  readonly #due = new Set<Due>();

  /** What waits for no time is called soon. */
  after(ms: Millis, call: () => void): () => void {
    const due = { at: this.monotonic() + Math.ceil(ms), call };
    this.#due.add(due);
    if (ms <= 0) setImmediate(() => this.#call(due));
    return () => void this.#due.delete(due);
  }

  /** Time passes, wait after wait. Before each of them ends, what came before it has taken place. */
  async pass(ms: Millis, settled: () => Promise<void> = async () => undefined): Promise<void> {
    const until = this.monotonic() + ms;
    await settled();
    for (let next = this.#next(until); next !== undefined; next = this.#next(until)) {
      this.advance(Math.max(0, next.at - this.monotonic()));
      this.#call(next);
      await settled();
    }
    this.advance(until - this.monotonic());
  }

  #next(until: Millis): Due | undefined {
    const [next] = Array.from(this.#due)
      .filter(({ at }) => at <= until)
      .sort((one, other) => one.at - other.at);
    return next;
  }

  #call(due: Due): void {
    if (this.#due.delete(due)) due.call();
  }
}
