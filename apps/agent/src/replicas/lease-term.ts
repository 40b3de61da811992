import type { Clock, Logger, Millis } from '@ambit/kernel';
import type { LeaseTimes } from './lease-record.ts';
import type { LeaseWriter } from './lease-writer.ts';

/** A clock that is a twentieth slower than that of those who wait is no danger yet. */
const clockMargin = 0.95;

/** What both clocks said at one moment. */
export interface BothClocks {
  readonly wall: Millis;
  readonly monotonic: Millis;
}

export interface LeaseTermParts {
  readonly writer: LeaseWriter;
  readonly times: LeaseTimes;
  readonly clock: Clock;
  readonly sleep: (ms: Millis) => Promise<void>;
  readonly logger: Logger;
}

/**
 * The time for which one replica acts. It renews the Lease, and says of every write until when it must be over: before
 * others may take the Lease, whether this process hears of that or not. Once lost it is never won back.
 */
export class LeaseTerm {
  readonly #parts: LeaseTermParts;
  /** When the last renewal that went through was sent: those who wait saw it later, and count from then. */
  #renewedAt: BothClocks;
  #over = false;
  #tellLost: (why: string) => void = () => undefined;
  readonly #renewing: Promise<void>;
  /** Why it was lost; pending for as long as it was not. */
  readonly lost: Promise<string>;

  /** `takenAt` is when the write that took the Lease was sent. */
  constructor(parts: LeaseTermParts, takenAt: BothClocks) {
    this.#parts = parts;
    this.#renewedAt = takenAt;
    this.lost = new Promise((resolve) => {
      this.#tellLost = resolve;
    });
    this.#renewing = this.#keepRenewing();
  }

  /** In how many milliseconds a write that begins now has to be over; 0 when none may begin. */
  writesWithin(): Millis {
    const { times } = this.#parts;
    const elapsed = this.#elapsed();
    if (this.#over || elapsed >= times.renewWithin) return 0;
    return times.duration * clockMargin - elapsed;
  }

  /** Writes no more, and lets another take the Lease at once. Resolves in any case; doing it again does nothing. */
  async release(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    await this.#renewing;
    const { writer, logger } = this.#parts;
    await writer
      .giveUp()
      .catch((error: unknown) => logger.warn('the Lease could not be given back', { error }));
  }

  /** By the clock that went further: the monotonic one stands still while a virtual machine does. */
  #elapsed(): Millis {
    const { wall, monotonic } = readClocks(this.#parts.clock);
    return Math.max(monotonic - this.#renewedAt.monotonic, wall - this.#renewedAt.wall);
  }

  async #keepRenewing(): Promise<void> {
    const { times, sleep } = this.#parts;
    for (;;) {
      await sleep(times.every);
      if (this.#over) return;
      const why = await this.#renew();
      if (this.#over) return;
      if (why !== undefined) {
        this.#over = true;
        return this.#tellLost(why);
      }
    }
  }

  /** Why the Lease is lost; undefined while it is not. */
  async #renew(): Promise<string | undefined> {
    const { writer, clock, times, logger } = this.#parts;
    const sentAt = readClocks(clock);
    try {
      const isOurs = (): boolean => this.#elapsed() < times.duration * clockMargin;
      const holder = await writer.renew(isOurs);
      if (holder !== undefined) return `${holder} took the Lease`;
      this.#renewedAt = sentAt;
      return undefined;
    } catch (error) {
      // Whatever it is: one that got out of here would end the process, and one renewal less does no harm.
      if (this.#elapsed() >= times.renewWithin) return `it was not renewed: ${messageOf(error)}`;
      logger.warn('the Lease could not be renewed', { error });
      return undefined;
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function readClocks(clock: Clock): BothClocks {
  return { wall: clock.now(), monotonic: clock.monotonic() };
}
