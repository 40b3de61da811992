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

  /** Resolves with the function that gives the slot back, which may be called more than once. */
  async take(signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) throw signal.reason;
    if (this.#taken >= this.#limit || this.#waiting.size > 0) await this.#wait(signal);
    else this.#taken += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#taken -= 1;
      this.#admit();
    };
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((admitted, failed) => {
      const enter = (): void => {
        signal.removeEventListener('abort', leave);
        admitted();
      };
      const leave = (): void => {
        this.#waiting.delete(enter);
        failed(signal.reason as Error);
      };
      signal.addEventListener('abort', leave, { once: true });
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
