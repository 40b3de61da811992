import type { Clock, Millis } from '@ambit/kernel';

const quietMs = 10 * 60_000;
const mostKeys = 10_000;

/**
 * Lets one through for each key in ten minutes and counts the others, so that what an agent does wrong each second
 * makes one line in the log. Keys beyond 10,000 share one.
 */
export class Seldom {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #keys = new Map<string, { at: Millis; skipped: number }>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** How many were held back since the last one; undefined when this one is held back too. */
  passes(key: string): number | undefined {
    const now = this.#clock.monotonic();
    const known = this.#keys.get(key);
    if (known !== undefined && now - known.at < quietMs) {
      known.skipped++;
      return undefined;
    }
    if (known === undefined && this.#keys.size >= mostKeys) this.#forget(now);
    if (known === undefined && this.#keys.size >= mostKeys) return key === '' ? 0 : this.passes('');
    this.#keys.set(key, { at: now, skipped: 0 });
    return known?.skipped ?? 0;
  }

  #forget(now: Millis): void {
    for (const [key, { at }] of this.#keys) if (now - at >= quietMs) this.#keys.delete(key);
  }
}
