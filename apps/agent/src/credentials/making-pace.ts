import { AppError } from '@ambit/kernel';
import type { Clock, Millis } from '@ambit/kernel';

const second: Millis = 1_000;

/** So many in any second, and no more. */
export class MakingPace {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #most: number;
  #taken: Millis[] = [];

  constructor(clock: Pick<Clock, 'monotonic'>, most: number) {
    this.#clock = clock;
    this.#most = most;
  }

  /** Counts one. Throws `rate_limited` for one too many, which does not count. */
  take(): void {
    const now = this.#clock.monotonic();
    this.#taken = this.#taken.filter((at) => now - at < second);
    if (this.#taken.length < this.#most) {
      this.#taken.push(now);
      return;
    }
    throw new AppError('rate_limited', 'Too many credentials are asked for in this cluster.', {
      why: `Its agent makes at most ${this.#most} a second.`,
      hint: 'Try again in a second.',
    });
  }
}
