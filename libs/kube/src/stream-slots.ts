import type { CallLimit } from './call-limit.ts';

/** Counts the streams of one session and lets further ones wait in order of arrival. */
export class StreamSlots {
  readonly #waiting = new Set<() => void>();
  #limit: number;
  #taken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many wait now. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Follows the limit the peer announced; streams that are open already stay. */
  resize(limit: number): void {
    this.#limit = Math.max(1, limit);
    this.#admit();
  }

  /** Takes a slot when one is free and nobody waits; false otherwise. */
  takeFree(): boolean {
    if (this.#taken >= this.#limit || this.#waiting.size > 0) return false;
    this.#taken += 1;
    return true;
  }

  /** Resolves when a slot is taken. Rejects with the limit's reason when that ends before. */
  take(limit: Pick<CallLimit, 'onEnd' | 'reason'>): Promise<void> {
    if (limit.reason !== undefined) return Promise.reject(limit.reason);
    return this.takeFree() ? Promise.resolve() : this.#wait(limit);
  }

  /** Gives one slot back. */
  give(): void {
    this.#taken -= 1;
    this.#admit();
  }

  #wait(limit: Pick<CallLimit, 'onEnd' | 'reason'>): Promise<void> {
    return new Promise((admitted, failed) => {
      const enter = (): void => {
        forget();
        admitted();
      };
      const forget = limit.onEnd(() => {
        this.#waiting.delete(enter);
        failed(limit.reason);
      });
      this.#waiting.add(enter);
    });
  }

  #admit(): void {
    for (const enter of this.#waiting) {
      if (this.#taken >= this.#limit) return;
      this.#waiting.delete(enter);
      this.#taken += 1;
      enter();
    }
  }
}
