import type { Logger, Millis } from '@ambit/kernel';
import type { AuditRecorder } from '../audit/audit-log.ts';
import { uncertainAboveMs } from './clock-interval.ts';
import type { ClockInterval, ClockReadings } from './clock-interval.ts';
import { instantText } from './instant-text.ts';

const everyMs: Millis = 5_000;

/** Tells in the audit trail and the log when the sources of the time begin to differ too much, once until they agree again. */
export class ClockAlarm {
  readonly #clock: Pick<ClockInterval, 'uncertain' | 'readings'>;
  readonly #audit: AuditRecorder;
  readonly #logger: Pick<Logger, 'warn' | 'info'>;
  #told = false;

  constructor(
    clock: Pick<ClockInterval, 'uncertain' | 'readings'>,
    audit: AuditRecorder,
    logger: Pick<Logger, 'warn' | 'info'>,
  ) {
    this.#clock = clock;
    this.#audit = audit;
    this.#logger = logger;
  }

  /**
   * Looks every five seconds, and tells of each look: the wall clock may have been set, and nobody tells of that. Gives the
   * function that ends it.
   */
  watch(looked: () => void): () => void {
    const timer = setInterval(() => {
      this.look();
      looked();
    }, everyMs).unref();
    return () => clearInterval(timer);
  }

  look(): void {
    const { uncertain } = this.#clock;
    if (uncertain && !this.#told) this.#tell();
    if (!uncertain && this.#told) this.#tellAgreed();
    this.#told = uncertain;
  }

  #tellAgreed(): void {
    this.#logger.info('the clocks agree again');
    this.#audit.record({
      type: 'clock.agreed',
      message: 'The clocks of this machine, of central and of the API server agree again',
      details: textsOf(this.#clock.readings()),
    });
  }

  #tell(): void {
    const readings = this.#clock.readings();
    const details = textsOf(readings);
    const blame = blamed(readings);
    this.#logger.warn(
      `${blame ?? 'the clocks of this machine, of central and of the API server'} ${blame === undefined ? 'differ' : 'is wrong'}: grants end early and begin late until that is mended`,
      details,
    );
    this.#audit.record({
      type: 'clock.uncertain',
      message: `The clocks of this machine, of central and of the API server differ by more than ${uncertainAboveMs / 1_000} s${blame === undefined ? '' : `: ${blame} is wrong`}`,
      details,
    });
  }
}

function textsOf(readings: ClockReadings): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(readings).map(([source, time]) => [source, instantText(time)]),
  );
}

/** The one clock of three that differs from two which agree; undefined when that cannot be said. */
function blamed({ here, central, apiServer }: ClockReadings): string | undefined {
  if (central === undefined || apiServer === undefined) return undefined;
  const agree = (a: Millis, b: Millis): boolean => Math.abs(a - b) <= uncertainAboveMs;
  if (agree(central, apiServer) && !agree(here, central)) return 'the clock of this machine';
  if (agree(here, apiServer) && !agree(here, central)) return 'the clock of central';
  if (agree(here, central) && !agree(here, apiServer)) return 'the clock of the API server';
  return undefined;
}
