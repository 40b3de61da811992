import { randomFillSync } from 'node:crypto';
import type { Clock, Ids } from '@ambit/kernel';

/** The clock of the machine. */
export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

/** UUIDv7 (RFC 9562, 5.7): 48 bits of milliseconds, then random bits. */
export class TimeOrderedIds implements Ids {
  readonly #clock: Pick<Clock, 'now'>;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  uuid(): string {
    const bytes = randomFillSync(Buffer.alloc(16));
    bytes.writeUIntBE(this.#clock.now(), 0, 6);
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }
}
