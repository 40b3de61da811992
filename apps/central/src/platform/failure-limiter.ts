import { AppError } from '@ambit/kernel';
import type { Clock, Logger, Millis } from '@ambit/kernel';
import { LRUCache } from 'lru-cache';
import { networkOf } from './client-address.ts';

/** Failed sign-ins of one network, and with one token's id, before their answer is to wait. */
export const failuresPerMinute = 30;

/** How often something failed; kept where restarts and other replicas find it. */
export interface FailureCounts {
  add(key: string): Promise<FailureCount>;
}

export interface FailureCount {
  readonly consumedPoints: number;
  readonly msBeforeNext: Millis;
}

interface Known {
  readonly count: number;
  /** When the count begins anew. */
  readonly endsAt: Millis;
}

const mostKnown = 10_000;
/** Failures that may wait for the store at a time; more of them are counted here alone. */
const mostAsking = 100;

/**
 * Holds back who keeps failing to sign in. Only failures come here: a good credential is never counted and never
 * waits. Past its limit a failure costs nothing but a look into memory. When the store is gone, counts are those of
 * this replica.
 */
export class FailureLimiter {
  readonly #counts: FailureCounts;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #logger: Logger;
  // The one that failed longest ago goes first.
  readonly #known = new LRUCache<string, Known>({ max: mostKnown });
  #asking = 0;

  constructor(counts: FailureCounts, clock: Pick<Clock, 'monotonic'>, logger: Logger) {
    this.#counts = counts;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Counts one failure. Throws `rate_limited` with the seconds to wait when there were too many. */
  async failed(address: string, tokenId?: string): Promise<void> {
    const network = networkOf(address);
    const keys = [network, ...(tokenId === undefined ? [] : [`token/${tokenId}`])];
    const counted = await Promise.all(keys.map((key) => this.#count(key)));
    const over = counted.findIndex(({ count }) => count > failuresPerMinute);
    if (over === -1) return;
    const endsAt = Math.max(...counted.map((known) => known.endsAt));
    const seconds = Math.max(1, Math.ceil((endsAt - this.#clock.monotonic()) / 1000));
    const whose = over === 0 ? `from ${network}` : 'with this token';
    throw new AppError('rate_limited', `Too many failed sign-ins ${whose}.`, {
      hint: `Come with a valid token, which is let in at any time, or try again in ${seconds} s.`,
      details: { retryAfterSeconds: seconds },
    });
  }

  async #count(key: string): Promise<Known> {
    const now = this.#clock.monotonic();
    const known = this.#known.peek(key);
    const current = known !== undefined && now < known.endsAt ? known : undefined;
    if (current !== undefined && current.count > failuresPerMinute) return current;
    const here = {
      count: (current?.count ?? 0) + 1,
      endsAt: current?.endsAt ?? now + 60_000,
    };
    this.#known.set(key, here);
    const stored = await this.#ask(key);
    if (stored === undefined) return here;
    const { consumedPoints, msBeforeNext } = stored;
    const found = { count: consumedPoints, endsAt: this.#clock.monotonic() + msBeforeNext };
    this.#known.set(key, found);
    return found;
  }

  async #ask(key: string): Promise<FailureCount | undefined> {
    if (this.#asking >= mostAsking) return undefined;
    this.#asking++;
    try {
      return await this.#counts.add(key);
    } catch (error) {
      this.#logger.warn('failed sign-ins cannot be counted at the moment', { error });
      return undefined;
    } finally {
      this.#asking--;
    }
  }
}
