import { AppError } from '@ambit/kernel';
import type { Clock, Logger, Millis } from '@ambit/kernel';
import type { Database } from '@ambit/persistence';

/** The difference is looked at so often, and at once when the clock of the machine jumps or a connection breaks. */
const lookEveryMs: Millis = 60_000;
const noticeJumpsEveryMs: Millis = 1_000;
const jumpMs: Millis = 250;
/** A look that took longer says too little: what it finds may be wrong by half of it. */
const longestLookMs: Millis = 2_000;
const looksAtStart = 5;
/** The clock of a machine that is further off is worth a word. */
const worthTellingMs: Millis = 5_000;

interface ClockPorts {
  readonly database: Pick<Database, 'query' | 'onConnectionLost'>;
  readonly machine: Clock;
  readonly logger: Logger;
}

/**
 * The clock of the database, as every replica of central has it: what one issues is compared with what another ended, so
 * they have to mean the same by a moment. Between two looks it goes on by the monotonic clock, so that a clock of the machine
 * that is set by hand moves nothing. Two replicas differ by a second at most, and seldom by more than a round trip.
 */
export class DatabaseClock implements Clock {
  readonly #ports: ClockPorts;
  /** Of the database, at monotonic zero. */
  #origin: Millis = 0;
  /** Of the machine, at monotonic zero, when the database was last looked at. */
  #machineOrigin: Millis = 0;
  #lookedAt: Millis = -Infinity;
  #looking = false;
  #isFarOff = false;

  private constructor(ports: ClockPorts) {
    this.#ports = ports;
  }

  /** Throws `not_ready` when the database answers too slowly to tell the time, and database_unavailable. */
  static async read(ports: ClockPorts): Promise<DatabaseClock> {
    const clock = new DatabaseClock(ports);
    for (let look = 0; look < looksAtStart; look++) if (await clock.#look()) return clock;
    throw new AppError('not_ready', 'The time of the database could not be read.', {
      why: `It did not answer within ${longestLookMs / 1000} s, ${looksAtStart} times.`,
      hint: 'Look at how busy PostgreSQL is, and at the network between.',
    });
  }

  now(): Millis {
    return Math.floor(this.#origin + this.monotonic());
  }

  monotonic(): Millis {
    return this.#ports.machine.monotonic();
  }

  /** Keeps looking. Returns what ends that. */
  follow(): () => void {
    const { database, machine, logger } = this.#ports;
    const look = async (): Promise<void> => {
      if (this.#looking) return;
      this.#looking = true;
      // Whoever uses the database finds out that it is gone; until it is back time goes on.
      await this.#look().catch((error: unknown) =>
        logger.debug('the time of the database could not be read', { error }),
      );
      this.#looking = false;
    };
    const timer = setInterval(() => {
      const isDue = machine.monotonic() - this.#lookedAt >= lookEveryMs;
      const moved = Math.abs(machine.now() - machine.monotonic() - this.#machineOrigin);
      if (isDue || moved > jumpMs) void look();
    }, noticeJumpsEveryMs).unref();
    const unsubscribe = database.onConnectionLost(() => void look());
    return () => {
      clearInterval(timer);
      unsubscribe();
    };
  }

  /** True when it told something. */
  async #look(): Promise<boolean> {
    const { database, machine } = this.#ports;
    const [asked, machineOrigin] = [machine.monotonic(), machine.now() - machine.monotonic()];
    const [row] = await database.query<{ now: number }>(
      'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now',
    );
    const answered = machine.monotonic();
    if (row === undefined || answered - asked > longestLookMs) return false;
    this.#origin = row.now - (asked + answered) / 2;
    this.#machineOrigin = machineOrigin;
    this.#lookedAt = answered;
    this.#tell();
    return true;
  }

  #tell(): void {
    const { machine, logger } = this.#ports;
    const aheadMs = machine.now() - this.now();
    const isFarOff = Math.abs(aheadMs) > worthTellingMs;
    if (isFarOff === this.#isFarOff) return;
    this.#isFarOff = isFarOff;
    if (!isFarOff) logger.info('the clock of this machine agrees with that of the database again');
    else
      logger.warn('the clock of this machine is off: that of the database counts', {
        aheadSeconds: Math.round(aheadMs / 1000),
        hint: 'Let both machines keep time by NTP; certificates of agents are judged by the clocks of both.',
      });
  }
}
