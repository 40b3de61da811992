import { AppError } from '@ambit/kernel';
import type { Clock, Logger, Millis } from '@ambit/kernel';

/** Failed sign-ins of one address before it has to wait. */
export const failuresPerMinute = 30;

/** How often one address failed; kept where restarts and other replicas find it. */
export interface FailureCounts {
  get(address: string): Promise<FailureCount | null>;
  add(address: string): Promise<FailureCount>;
}

export interface FailureCount {
  readonly consumedPoints: number;
  readonly msBeforeNext: Millis;
}

interface Known {
  readonly count: number;
  /** When the count begins anew. */
  readonly endsAt: Millis;
  /** When it is looked up again. */
  readonly freshUntil: Millis;
}

/** How long an address without failures is taken to have none on other replicas. */
const trustedMs = 10_000;
const mostKnown = 10_000;

/**
 * Holds back addresses that keep failing to sign in. Good calls are never counted, and cost a look into the store
 * once in ten seconds. When the store is gone nobody is held back: whether a token is good is asked elsewhere.
 */
export class FailureLimiter {
  readonly #counts: FailureCounts;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #logger: Logger;
  readonly #known = new Map<string, Known>();

  constructor(counts: FailureCounts, clock: Pick<Clock, 'monotonic'>, logger: Logger) {
    this.#counts = counts;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Throws `rate_limited` with the seconds to wait. */
  async refuseWhenExhausted(address: string): Promise<void> {
    const now = this.#clock.monotonic();
    const known = this.#known.get(address);
    const state =
      known !== undefined && now < known.freshUntil
        ? known
        : this.#remember(address, await this.#ask(() => this.#counts.get(address)));
    if (state.count < failuresPerMinute || now >= state.endsAt) return;
    const seconds = Math.max(1, Math.ceil((state.endsAt - now) / 1000));
    throw new AppError('rate_limited', `Too many failed sign-ins from ${address}.`, {
      hint: `Try again in ${seconds} s with a valid token.`,
      details: { retryAfterSeconds: seconds },
    });
  }

  async count(address: string): Promise<void> {
    this.#remember(address, await this.#ask(() => this.#counts.add(address)));
  }

  #remember(address: string, found: FailureCount | null): Known {
    const now = this.#clock.monotonic();
    const { consumedPoints = 0, msBeforeNext = 0 } = found ?? {};
    const known = {
      count: consumedPoints,
      endsAt: now + msBeforeNext,
      freshUntil: now + trustedMs,
    };
    // The oldest goes first: it was looked up longest ago.
    this.#known.delete(address);
    this.#known.set(address, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostKnown && oldest !== undefined) this.#known.delete(oldest);
    return known;
  }

  async #ask<T>(question: () => Promise<T>): Promise<T | null> {
    try {
      return await question();
    } catch (error) {
      this.#logger.warn('failed sign-ins cannot be counted at the moment', { error });
      return null;
    }
  }
}
