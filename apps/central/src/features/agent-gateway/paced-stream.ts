import type { Millis } from '@ambit/kernel';
import type { SyncStream } from '@ambit/transport';

/** What one agent may send. */
export interface Pace {
  readonly perSecond: number;
  /** How much at once. */
  readonly burst: number;
}

/** Messages; a state of any size is acknowledged with two. */
export const messagePace: Pace = { perSecond: 100, burst: 300 };

/**
 * Reads from an agent only as fast as its messages are worked off: what is not read stays with the agent, held back by
 * the flow control of HTTP/2, and costs central nothing.
 */
export class PacedStream {
  readonly #stream: Pick<SyncStream, 'pause' | 'resume'>;
  readonly #pace: Pace;
  #holds = 0;
  #allowance: number;
  #filledAt: Millis = performance.now();

  constructor(stream: Pick<SyncStream, 'pause' | 'resume'>, pace: Pace) {
    this.#stream = stream;
    this.#pace = pace;
    this.#allowance = pace.burst;
  }

  /** Reads nothing until `work` has ended, well or badly. */
  hold(work: Promise<unknown>): void {
    if (this.#holds++ === 0) this.#stream.pause();
    const release = (): void => {
      if (--this.#holds === 0) this.#stream.resume();
    };
    work.then(release, release);
  }

  /** This much came in. An agent that sends more than its share is read from later. */
  count(received = 1): void {
    const { perSecond, burst } = this.#pace;
    const now = performance.now();
    const gained = ((now - this.#filledAt) / 1_000) * perSecond;
    this.#allowance = Math.min(burst, this.#allowance + gained) - received;
    this.#filledAt = now;
    if (this.#allowance >= 0) return;
    this.hold(elapsed((-this.#allowance / perSecond) * 1_000));
  }
}

/** Resolves after this many milliseconds. */
export function elapsed(ms: Millis): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
