import type { Clock, Millis } from '@ambit/kernel';

/** Kinds that are told apart. Whoever makes up more of them gets no more lines. */
const mostKinds = 100;

/** Lets the same thing be told again only after a while, so that nobody fills a log or the audit trail with it. */
export class Seldom {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #everyMs: Millis;
  readonly #told = new Map<string, Millis>();

  constructor(clock: Pick<Clock, 'monotonic'>, everyMs: Millis) {
    this.#clock = clock;
    this.#everyMs = everyMs;
  }

  /** True when this was not told within the time, which starts anew by it. */
  due(kind: string): boolean {
    const now = this.#clock.monotonic();
    const key = this.#told.has(kind) || this.#told.size < mostKinds ? kind : '';
    if (now - (this.#told.get(key) ?? -Infinity) < this.#everyMs) return false;
    this.#told.set(key, now);
    return true;
  }
}
