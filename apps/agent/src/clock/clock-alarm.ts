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

  /** Looks every five seconds. Gives the function that ends it. */
  watch(): () => void {
    const timer = setInterval(() => this.look(), everyMs).unref();
    return () => clearInterval(timer);
  }

  look(): void {
    const { uncertain } = this.#clock;
    if (uncertain && !this.#told) this.#tell();
    if (!uncertain && this.#told) this.#logger.info('the clocks agree again');
    this.#told = uncertain;
  }

  #tell(): void {
    const readings = this.#clock.readings();
    const details = Object.fromEntries(
      Object.entries(readings).map(([source, time]) => [source, instantText(time)]),
    );
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

/** The one clock of three that differs from two which agree; undefined when that cannot be said. */
function blamed({ here, central, apiServer }: ClockReadings): string | undefined {
  if (central === undefined || apiServer === undefined) return undefined;
  const agree = (a: Millis, b: Millis): boolean => Math.abs(a - b) <= uncertainAboveMs;
  if (agree(central, apiServer) && !agree(here, central)) return 'the clock of this machine';
  if (agree(here, apiServer) && !agree(here, central)) return 'the clock of central';
  if (agree(here, central) && !agree(here, apiServer)) return 'the clock of the API server';
  return undefined;
}
