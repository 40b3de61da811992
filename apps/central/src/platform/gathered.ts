import type { Millis } from '@ambit/kernel';

export interface GatheredPace {
  /** Items that are taken as they come, after a quiet time and on and on. */
  readonly burst: number;
  readonly perSecond: number;
  /** How long a batch gathers, when more than that come. */
  readonly gatherMs: Millis;
}

/** Few wait for nobody, and a storm of any size makes one batch a second. */
export const stormPace: GatheredPace = { burst: 6, perSecond: 8, gatherMs: 1_000 };
/** How far above its share a storm may count: so long it takes to be over. */
const deepest = -16;

interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Work of many callers done together: at once while few come, in batches when many do. One batch runs at a time.
 */
export class Gathered<T, R> {
  readonly #work: (items: readonly T[]) => Promise<readonly R[]>;
  readonly #pace: GatheredPace;
  #waiting: Waiting<T, R>[] = [];
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #allowed: number;
  #filledAt: Millis = performance.now();
  #beganAt: Millis = -Infinity;

  /** `work` answers each item in its place. */
  constructor(work: (items: readonly T[]) => Promise<readonly R[]>, pace = stormPace) {
    this.#work = work;
    this.#pace = pace;
    this.#allowed = pace.burst;
  }

  /** Rejects with what the batch of the item rejects with. */
  add(item: T): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#plan();
    });
  }

  /** Waits for nothing more: resolves when all that was added is done or has failed. */
  async settled(): Promise<void> {
    while (this.#waiting.length > 0 || this.#running !== undefined) {
      this.#begin();
      await this.#running;
    }
  }

  #plan(): void {
    if (this.#running !== undefined || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#begin(), this.#wait());
  }

  #wait(): Millis {
    this.#fill();
    if (this.#allowed >= 1) return 0;
    const { perSecond, gatherMs } = this.#pace;
    const gathered = this.#beganAt + gatherMs - performance.now();
    return Math.max(0, Math.min(gathered, ((1 - this.#allowed) / perSecond) * 1_000));
  }

  #fill(): void {
    const { burst, perSecond } = this.#pace;
    const now = performance.now();
    const gained = ((now - this.#filledAt) / 1_000) * perSecond;
    this.#allowed = Math.min(burst, this.#allowed + gained);
    this.#filledAt = now;
  }

  #begin(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#running !== undefined || this.#waiting.length === 0) return;
    this.#running = this.#run(this.#waiting.splice(0)).then(() => {
      this.#running = undefined;
      if (this.#waiting.length > 0) this.#plan();
    });
  }

  async #run(batch: readonly Waiting<T, R>[]): Promise<void> {
    this.#fill();
    this.#allowed = Math.max(deepest, this.#allowed - batch.length);
    this.#beganAt = performance.now();
    try {
      const results = await this.#work(batch.map(({ item }) => item));
      batch.forEach(({ resolve, reject }, at) => {
        const result = results[at];
        if (result === undefined) reject(new Error('the batch has no answer for this item'));
        else resolve(result);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
