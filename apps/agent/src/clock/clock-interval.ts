import type { Clock, Millis } from '@ambit/kernel';

export interface TimeInterval {
  readonly low: Millis;
  readonly high: Millis;
}

/** Above this spread the condition CLOCK_UNCERTAIN is reported; nothing is refused because of it. */
export const uncertainAboveMs: Millis = 30_000;

interface Reading {
  readonly time: Millis;
  readonly at: Millis;
}

/**
 * The present as an interval. A grant ends when `high` reaches its end and begins when `low` reaches its start, so
 * that no clock that is wrong can prolong access: a clock set back changes `low` only.
 *
 * Sources: the wall clock; the last signed time of central and the last Date of the API server, both carried on by the
 * monotonic clock; and the high-water mark, the largest signed time ever seen, which alone survives a restart.
 */
export class ClockInterval {
  readonly #clock: Clock;
  #central: Reading | undefined;
  #kubernetes: Reading | undefined;
  #highWater: Millis;

  constructor(clock: Clock, highWater: Millis = 0) {
    this.#clock = clock;
    this.#highWater = highWater;
  }

  /** The largest signed time of central seen so far: what to persist. */
  get highWater(): Millis {
    return this.#highWater;
  }

  /** Takes a time whose signature was verified. An older one than seen before is a replay and changes nothing. */
  heardCentral(time: Millis): void {
    if (time < this.#highWater) return;
    this.#highWater = time;
    this.#central = { time, at: this.#clock.monotonic() };
  }

  /** Takes the Date header of the API server (whole seconds, so it may be up to a second behind). */
  heardKubernetes(time: Millis): void {
    this.#kubernetes = { time, at: this.#clock.monotonic() };
  }

  /** A raised state epoch begins a new history of central: the mark of the old one binds no more. */
  resetHighWater(time: Millis): void {
    this.#highWater = time;
    this.#central = undefined;
  }

  now(): TimeInterval {
    const running = [this.#clock.now(), ...this.#carriedOn()];
    return { low: Math.min(...running), high: Math.max(...running, this.#highWater) };
  }

  /** True when the sources differ by more than 30 seconds. */
  get uncertain(): boolean {
    const { low, high } = this.now();
    return high - low > uncertainAboveMs;
  }

  #carriedOn(): Millis[] {
    const monotonic = this.#clock.monotonic();
    return [this.#central, this.#kubernetes]
      .filter((reading) => reading !== undefined)
      .map((reading) => reading.time + (monotonic - reading.at));
  }
}
