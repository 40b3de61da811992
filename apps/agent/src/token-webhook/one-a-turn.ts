/** Lets through one of many at a time, with a turn of the event loop between, so that what else is to do comes between. */
export class OneATurn {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** Resolves with true when it is this one's turn; at once with false when too many wait. */
  next(): Promise<boolean> {
    if (this.#waiting.length >= this.#most) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#waiting.push(() => resolve(true));
      if (this.#waiting.length === 1) this.#soon();
    });
  }

  #soon(): void {
    setImmediate(() => {
      this.#waiting.shift()?.();
      if (this.#waiting.length > 0) this.#soon();
    });
  }
}
