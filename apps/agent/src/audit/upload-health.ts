import type { AppError, Clock, Logger, Millis } from '@ambit/kernel';

export interface UploadHealthOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly logger: Logger;
  /** Events that wait for so long without central taking any are a stall. */
  readonly stalledAfterMs: Millis;
}

/** Whether the upload gets on. It says so once when it does not any more, and once when it does again. */
export class UploadHealth {
  readonly #options: UploadHealthOptions;
  #progressAt: Millis;
  #stalled = false;
  #error: AppError | undefined;

  constructor(options: UploadHealthOptions) {
    this.#options = options;
    this.#progressAt = options.clock.monotonic();
  }

  /** True from the first look that found a stall until central takes events again. */
  get stalled(): boolean {
    return this.#stalled;
  }

  /** How long central has taken nothing while something waited, in milliseconds. */
  get withoutProgressMs(): Millis {
    return this.#options.clock.monotonic() - this.#progressAt;
  }

  /** Why the last stream ended, if it did not end in order. */
  get lastError(): string | undefined {
    return this.#error?.message;
  }

  /** Central has taken events, or nothing waits. */
  progressed(): void {
    this.#progressAt = this.#options.clock.monotonic();
    this.#error = undefined;
    if (!this.#stalled) return;
    this.#stalled = false;
    this.#options.logger.info('audit events reach central again');
  }

  broke(error: AppError | undefined): void {
    this.#error = error ?? this.#error;
  }

  /** To be called again and again while `waiting` events are on disk that central does not have. */
  look(waiting: number): void {
    if (waiting === 0) return this.progressed();
    if (this.#stalled || this.withoutProgressMs < this.#options.stalledAfterMs) return;
    this.#stalled = true;
    this.#options.logger.warn('audit events do not reach central; they are kept and tried again', {
      waiting,
      forMs: Math.round(this.withoutProgressMs),
      error: this.#error,
    });
  }
}
