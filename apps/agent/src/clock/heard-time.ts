import type { Logger, Millis } from '@ambit/kernel';
import type { AuditRecorder } from '../audit/audit-log.ts';
import type { ClockInterval } from './clock-interval.ts';
import { instantText } from './instant-text.ts';

export interface HeardTimeOptions {
  readonly clock: ClockInterval;
  /** Persists a time that was believed. */
  readonly save: (time: Millis) => void;
  /** The clock moved; with `healed`, ends that only the wrong mark brought were no ends. */
  readonly changed: (healed: boolean) => void;
  readonly audit: AuditRecorder;
  readonly logger: Logger;
}

/** Hands signed times to the clock and tells, once each, when one cannot be true and when the disk held such a one. */
export class HeardTime {
  readonly #options: HeardTimeOptions;
  #refusing = false;

  constructor(options: HeardTimeOptions) {
    this.#options = options;
  }

  take(time: Millis): void {
    const { clock, save, changed } = this.#options;
    const mark = clock.highWater;
    const verdict = clock.heardCentral(time);
    if (verdict === 'older') return;
    if (verdict === 'refused') return this.#tellRefused(time);
    this.#refusing = false;
    if (verdict === 'healed') this.#tellHealed(mark, time);
    save(clock.highWater);
    changed(verdict === 'healed');
  }

  #tellRefused(time: Millis): void {
    const { audit, logger, clock } = this.#options;
    if (this.#refusing) return;
    this.#refusing = true;
    const details = { signed: instantText(time), here: instantText(clock.now().high) };
    logger.error('central signed a time that cannot be: it is not believed', details);
    audit.record({
      type: 'clock.refused_time',
      message: `Central signed ${details.signed}, which no clock here allows; ends are kept by ${details.here}`,
      details,
    });
  }

  #tellHealed(mark: Millis, time: Millis): void {
    const { audit, logger } = this.#options;
    const details = { stored: instantText(mark), now: instantText(time) };
    logger.error('the stored time of central cannot have been true: it is given up', details);
    audit.record({
      type: 'clock.mark_healed',
      message: `The stored time ${details.stored} was given up: central, this machine and the API server agree on ${details.now}`,
      details,
    });
  }
}
