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
    const text = bytes.toString('hex');
    return [
      text.slice(0, 8),
      text.slice(8, 12),
      text.slice(12, 16),
      text.slice(16, 20),
      text.slice(20),
    ].join('-');
  }
}
