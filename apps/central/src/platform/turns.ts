import { AppError } from '@ambit/kernel';
import { FairQueue } from '@ambit/transport';

export interface TurnLimits {
  /** Pieces of work that run at once. */
  readonly running: number;
  /** Pieces that may wait, in all and of one group; more are refused. */
  readonly waiting: number;
  readonly waitingPerGroup: number;
}

/**
 * Work of many callers, few at a time, dealt out in turn among their groups: who asks for much waits behind itself.
 */
export class Turns {
  readonly #limits: TurnLimits;
  readonly #waiting = new FairQueue<() => void>();
  #running = 0;

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  /** Runs `work` when it is the turn of `group`. Throws what it throws, and rate_limited when too much waits. */
  async run<T>(group: string, work: () => Promise<T>): Promise<T> {
    await this.#turn(group);
    try {
      return await work();
    } finally {
      this.#running--;
      this.#next();
    }
  }

  #turn(group: string): Promise<void> {
    const { running, waiting, waitingPerGroup } = this.#limits;
    if (this.#running < running && this.#waiting.size === 0) {
      this.#running++;
      return Promise.resolve();
    }
    if (this.#waiting.size >= waiting || this.#waiting.sizeOf(group) >= waitingPerGroup) {
      return Promise.reject(tooMany());
    }
    return new Promise((resolve) => this.#waiting.add(group, resolve));
  }

  #next(): void {
    if (this.#running >= this.#limits.running) return;
    const turn = this.#waiting.take();
    if (turn === undefined) return;
    this.#running++;
    turn();
  }
}

const tooMany = (): AppError =>
  new AppError('rate_limited', 'Too many calls of this kind wait already.', {
    hint: 'Try again in some seconds.',
    details: { retryAfterSeconds: 5 },
  });
