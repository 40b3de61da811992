import type { Clock, Millis } from '@ambit/kernel';

export interface TimeInterval {
  readonly low: Millis;
  readonly high: Millis;
}

/** Above this spread the condition CLOCK_UNCERTAIN is reported; nothing is refused because of it. */
export const uncertainAboveMs: Millis = 30_000;

/** How far a signed time may be ahead of every clock that we can look at ourselves. */
export const believedAheadMs: Millis = 300_000;

/** A mark from the disk that is further ahead than this of three clocks that agree was never a true time. */
export const absurdAheadMs: Millis = 86_400_000;

/**
 * What became of a signed time. `older`: a replay, or nothing new. `refused`: too far ahead to be true. `healed`: it
 * showed that the mark on the disk never was.
 */
export type TimeVerdict = 'believed' | 'older' | 'refused' | 'healed';

/** The present by each source, in milliseconds since 1970. */
export interface ClockReadings {
  readonly here: Millis;
  readonly central?: Millis;
  readonly apiServer?: Millis;
}

interface Reading {
  readonly time: Millis;
  readonly at: Millis;
}

/**
 * The present as an interval. A grant ends when `high` reaches its end and begins when `low` reaches its start, so
 * that no clock that is wrong can prolong access: a clock set back changes `low` only.
 *
 * Sources: the wall clock; the last signed time of central and the last Date of the API server, both carried on by the
 * monotonic clock; and the high-water mark, the largest signed time ever believed, which alone survives a restart.
 *
 * A signed time is believed only up to five minutes ahead of the wall clock, of the API server, or of the first signed
 * time of this process carried on. That first one is never moved, so that small steps do not add up.
 */
export class ClockInterval {
  readonly #clock: Clock;
  #first: Reading | undefined;
  #central: Reading | undefined;
  #kubernetes: Reading | undefined;
  #highWater: Millis;
  /** The mark came from the disk, and no signed time has reached it. */
  #unproven: boolean;
  #refused = false;

  constructor(clock: Clock, highWater: Millis = 0) {
    this.#clock = clock;
    this.#highWater = highWater;
    this.#unproven = highWater > 0;
  }

  /** The largest signed time of central that was believed so far: what to persist. */
  get highWater(): Millis {
    return this.#highWater;
  }

  /** Takes a time whose signature was verified, as far as the clocks allow. */
  heardCentral(time: Millis): TimeVerdict {
    if (time > this.#latestPossible()) {
      this.#refused = true;
      return 'refused';
    }
    if (time >= this.#highWater) return this.#believe(time, 'believed');
    return this.#provesMarkAbsurd(time) ? this.#believe(time, 'healed') : 'older';
  }

  /** Takes the Date header of the API server (whole seconds, so it may be up to a second behind). */
  heardKubernetes(time: Millis, at: Millis = this.#clock.monotonic()): void {
    this.#kubernetes = { time, at };
  }

  now(): TimeInterval {
    // Asked several times for each write: without the lists that the other questions make.
    const here = this.#clock.now();
    const monotonic = this.#clock.monotonic();
    const central = carriedOn(this.#central, monotonic) ?? here;
    const apiServer = carriedOn(this.#kubernetes, monotonic) ?? here;
    return {
      low: Math.min(here, central, apiServer),
      high: Math.max(here, central, apiServer, this.#highWater),
    };
  }

  /** True when the sources differ by more than 30 seconds, or central last signed a time that cannot be. */
  get uncertain(): boolean {
    const { low, high } = this.now();
    return this.#refused || high - low > uncertainAboveMs;
  }

  /** What each source says the time is; absent for one that was not heard yet. */
  readings(): ClockReadings {
    const [central] = this.#carriedOn(this.#central);
    const [apiServer] = this.#carriedOn(this.#kubernetes);
    return {
      here: this.#clock.now(),
      ...(central === undefined ? {} : { central }),
      ...(apiServer === undefined ? {} : { apiServer }),
    };
  }

  #believe(time: Millis, verdict: TimeVerdict): TimeVerdict {
    const at = this.#clock.monotonic();
    // No later than our own clocks said: else its own lead would add to the lead of those after it.
    this.#first ??= { time: Math.min(time, this.#latestHere()), at };
    this.#central = { time, at };
    this.#highWater = time;
    this.#unproven = false;
    this.#refused = false;
    return verdict;
  }

  #latestPossible(): Millis {
    return Math.max(this.#latestHere(), ...this.#carriedOn(this.#first)) + believedAheadMs;
  }

  #latestHere(): Millis {
    return Math.max(this.#clock.now(), ...this.#carriedOn(this.#kubernetes));
  }

  /**
   * Only a mark from the disk, only by more than a day, and only when signed time, wall clock and API server agree:
   * clocks that are set back together stay behind the mark unless central itself signs so.
   */
  #provesMarkAbsurd(time: Millis): boolean {
    if (!this.#unproven || this.#kubernetes === undefined) return false;
    if (this.#highWater - time <= absurdAheadMs) return false;
    const clocks = [this.#clock.now(), ...this.#carriedOn(this.#kubernetes)];
    return clocks.every((clock) => Math.abs(clock - time) <= believedAheadMs);
  }

  #carriedOn(...readings: readonly (Reading | undefined)[]): Millis[] {
    const monotonic = this.#clock.monotonic();
    return readings.flatMap((reading) => carriedOn(reading, monotonic) ?? []);
  }
}

function carriedOn(reading: Reading | undefined, monotonic: Millis): Millis | undefined {
  return reading && reading.time + (monotonic - reading.at);
}
