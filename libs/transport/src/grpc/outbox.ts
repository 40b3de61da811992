import { AppError } from '@ambit/kernel';
import { wireLimits } from '@ambit/protocol';

/** Where an outbox writes: one side of a gRPC stream. */
export interface OutboxTarget {
  /** False: stop until drained. `done` is called when the bytes have left this process. */
  write(message: Uint8Array, done: () => void): boolean;
  onDrained(listener: () => void): void;
  /** Ends the stream at once with this reason. */
  abort(error: AppError): void;
}

export interface OutboxOptions<T> {
  readonly encode: (message: T) => Uint8Array;
  /** Bytes that may be on their way at once. */
  readonly budgetBytes?: number;
  /** Control messages that may wait. */
  readonly controlLimit?: number;
  /** A reader that takes nothing for this long is cut off, in milliseconds. */
  readonly stuckMs?: number;
}

/**
 * The one way to send on a stream. It holds slots, not queues: few control messages in order, the latest of each
 * kind of status, and one state as a lazy sequence between whose chunks the others go. A reader that does not read
 * costs at most the budget and is cut off after `stuckMs`.
 */
export class Outbox<T> {
  readonly #target: OutboxTarget;
  readonly #options: Required<OutboxOptions<T>>;
  readonly #control: T[] = [];
  readonly #slots = new Map<string, T>();
  #sequence: Iterator<T> | undefined;
  #bytesOnTheWay = 0;
  #drained = true;
  #closed = false;
  #stuckTimer: NodeJS.Timeout | undefined;
  #whenEmpty: (() => void)[] = [];

  constructor(target: OutboxTarget, options: OutboxOptions<T>) {
    this.#target = target;
    this.#options = { budgetBytes: 1024 * 1024, controlLimit: 64, stuckMs: 30_000, ...options };
    target.onDrained(() => {
      this.#drained = true;
      this.#progress();
    });
  }

  /** In order, before everything else. Too many that wait end the stream. */
  control(message: T): void {
    if (this.#closed) return;
    if (this.#control.length >= this.#options.controlLimit) {
      this.#abort(new AppError('rate_limited', 'The other side does not read its messages.'));
      return;
    }
    this.#control.push(message);
    this.#pump();
  }

  /** The latest of its kind: replaces one of the same name that still waits. */
  latest(name: string, message: T): void {
    if (this.#closed) return;
    this.#slots.set(name, message);
    this.#pump();
  }

  /** Messages taken one at a time as the reader takes them; replaces a sequence that is not through. */
  sequence(messages: Iterable<T>): void {
    if (this.#closed) return;
    this.#sequence = messages[Symbol.iterator]();
    this.#pump();
  }

  /** Bytes given to the stream that have not left this process. */
  get bytesOnTheWay(): number {
    return this.#bytesOnTheWay;
  }

  /** Resolves when everything has left this process, or the outbox was closed. */
  flushed(): Promise<void> {
    if (this.#isEmpty()) return Promise.resolve();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  /** Forgets what waits. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#stuckTimer);
    this.#control.length = 0;
    this.#slots.clear();
    this.#sequence = undefined;
    this.#tellEmpty();
  }

  #isEmpty(): boolean {
    const waiting = this.#control.length + this.#slots.size;
    return this.#closed || (waiting === 0 && !this.#sequence && this.#bytesOnTheWay === 0);
  }

  #tellEmpty(): void {
    if (!this.#isEmpty()) return;
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  #pump(): void {
    while (!this.#closed && this.#drained && this.#bytesOnTheWay < this.#options.budgetBytes) {
      const message = this.#next();
      if (message === undefined) break;
      this.#write(message);
    }
    this.#watchReader();
    this.#tellEmpty();
  }

  #next(): T | undefined {
    const control = this.#control.shift();
    if (control !== undefined) return control;
    for (const [name, message] of this.#slots) {
      this.#slots.delete(name);
      return message;
    }
    const step = this.#sequence?.next();
    if (step?.done === false) return step.value;
    this.#sequence = undefined;
    return undefined;
  }

  #write(message: T): void {
    const bytes = this.#options.encode(message);
    if (bytes.length > wireLimits.messageBytes) {
      this.#abort(
        new AppError('internal', `A message of ${bytes.length} bytes is over the limit.`),
      );
      return;
    }
    this.#bytesOnTheWay += bytes.length;
    this.#drained = this.#target.write(bytes, () => {
      this.#bytesOnTheWay -= bytes.length;
      this.#progress();
    });
  }

  #progress(): void {
    clearTimeout(this.#stuckTimer);
    this.#stuckTimer = undefined;
    this.#pump();
  }

  #watchReader(): void {
    if (this.#closed || this.#bytesOnTheWay === 0 || this.#stuckTimer !== undefined) return;
    this.#stuckTimer = setTimeout(() => {
      this.#abort(new AppError('timed_out', 'The other side does not read its messages.'));
    }, this.#options.stuckMs);
    this.#stuckTimer.unref();
  }

  #abort(error: AppError): void {
    this.close();
    this.#target.abort(error);
  }
}
