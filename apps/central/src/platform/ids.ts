import { randomFillSync } from 'node:crypto';
import type { Clock, Ids } from '@ambit/kernel';
import { v7 } from 'uuid';

/** The clock of the machine. */
export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

const bytesOfAnId = 16;
const maskOf31Bits = 0x7fffffff;

/** Random bytes for ids, fetched for many at a time: asking for those of one takes longer than all the rest of it. */
class RandomPool {
  readonly #bytes = new Uint8Array(bytesOfAnId * 256);
  #used = this.#bytes.length;

  /** Sixteen that nobody got before; they stay as they are until some are asked for again. */
  take(): Uint8Array {
    if (this.#used === this.#bytes.length) {
      randomFillSync(this.#bytes);
      this.#used = 0;
    }
    this.#used += bytesOfAnId;
    return this.#bytes.subarray(this.#used - bytesOfAnId, this.#used);
  }
}

/** UUIDv7 by a clock; those of one process sort in the order of their making, also when that clock goes back. */
export class TimeOrderedIds implements Ids {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #pool = new RandomPool();
  #msecs = -Infinity;
  #seq = 0;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  uuid(): string {
    const random = this.#pool.take();
    const now = this.#clock.now();
    if (now > this.#msecs) {
      this.#msecs = now;
      const [a = 0, b = 0, c = 0, d = 0] = random.subarray(6);
      this.#seq = ((a << 24) | (b << 16) | (c << 8) | d) & maskOf31Bits;
    } else if (++this.#seq > maskOf31Bits) {
      // So many in one millisecond: the next one is borrowed.
      this.#seq = 0;
      this.#msecs++;
    }
    return v7({ random, msecs: this.#msecs, seq: this.#seq });
  }
}

export const timeOrderedIds: Ids = new TimeOrderedIds(systemClock);
