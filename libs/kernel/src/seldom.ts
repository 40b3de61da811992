import type { Clock, Millis } from './ports.ts';

/**
 * Lets one through for each key in a while and counts the others, so that what goes wrong each second makes one line in
 * a log or trail. Whoever makes up more than `mostKeys` gets no more lines: those beyond share one.
 */
export class Seldom {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #everyMs: Millis;
  readonly #mostKeys: number;
  readonly #keys = new Map<string, { at: Millis; skipped: number }>();

  constructor(clock: Pick<Clock, 'monotonic'>, everyMs: Millis, mostKeys = 10_000) {
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#mostKeys = mostKeys;
  }

  /** How many were held back since the last one; undefined when this one is held back too. */
  passes(key: string): number | undefined {
    const now = this.#clock.monotonic();
    const known = this.#keys.get(key);
    if (known !== undefined && now - known.at < this.#everyMs) {
      known.skipped++;
      return undefined;
    }
    if (known === undefined && this.#keys.size >= this.#mostKeys) this.#forget(now);
    const room = known !== undefined || this.#keys.size < this.#mostKeys || key === '';
    if (!room) return this.passes('');
    this.#keys.set(key, { at: now, skipped: 0 });
    return known?.skipped ?? 0;
  }

  #forget(now: Millis): void {
    for (const [key, { at }] of this.#keys) if (now - at >= this.#everyMs) this.#keys.delete(key);
  }
}
