import type { Millis } from '@ambit/kernel';
import type { SyncStream } from '@ambit/transport';

/** Messages an agent may send in a second, and how many at once; a state of any size is acknowledged with two. */
const messagesPerSecond = 100;
const burst = 300;

/**
 * Reads from an agent only as fast as its messages are worked off: what is not read stays with the agent, held back by
 * the flow control of HTTP/2, and costs central nothing.
 */
export class PacedStream {
  readonly #stream: Pick<SyncStream, 'pause' | 'resume'>;
  #holds = 0;
  #allowance = burst;
  #filledAt: Millis = performance.now();

  constructor(stream: Pick<SyncStream, 'pause' | 'resume'>) {
    this.#stream = stream;
  }

  /** Reads nothing until `work` has ended, well or badly. */
  hold(work: Promise<unknown>): void {
    if (this.#holds++ === 0) this.#stream.pause();
    const release = (): void => {
      if (--this.#holds === 0) this.#stream.resume();
    };
    work.then(release, release);
  }

  /** A message came in. An agent that sends more than its share is read from later. */
  count(): void {
    const now = performance.now();
    const gained = ((now - this.#filledAt) / 1_000) * messagesPerSecond;
    this.#allowance = Math.min(burst, this.#allowance + gained) - 1;
    this.#filledAt = now;
    if (this.#allowance >= 0) return;
    this.hold(elapsed((-this.#allowance / messagesPerSecond) * 1_000));
  }
}

/** Resolves after this many milliseconds. */
export function elapsed(ms: Millis): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
