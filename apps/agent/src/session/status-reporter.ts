import type { Clock, Millis } from '@ambit/kernel';
import type { wire } from '@ambit/protocol';

export interface StatusReporterOptions {
  readonly status: () => wire.Status;
  readonly send: (message: wire.AgentMessage) => void;
  readonly clock: Pick<Clock, 'monotonic'>;
}

const leastMs: Millis = 1_000;
const lookEveryMs: Millis = 5_000;

/** Sends Status when something of it changed, at most once a second. It is level-triggered: only the latest counts. */
export class StatusReporter {
  readonly #options: StatusReporterOptions;
  #live = false;
  #sent = '';
  #sentAt: Millis = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #look: NodeJS.Timeout | undefined;

  constructor(options: StatusReporterOptions) {
    this.#options = options;
  }

  /** A new stream is live: central is told in any case. */
  begin(): void {
    this.end();
    this.#live = true;
    this.#sent = '';
    this.#look = setInterval(() => this.changed(), lookEveryMs).unref();
    this.changed();
  }

  /** The stream is over. */
  end(): void {
    this.#live = false;
    clearTimeout(this.#timer);
    clearInterval(this.#look);
    this.#timer = undefined;
  }

  /** Something may have changed. */
  changed(): void {
    if (!this.#live || this.#timer !== undefined) return;
    const since = this.#options.clock.monotonic() - this.#sentAt;
    this.#timer = setTimeout(() => this.#report(), Math.max(0, leastMs - since)).unref();
  }

  #report(): void {
    this.#timer = undefined;
    if (!this.#live) return;
    const status = this.#options.status();
    const text = JSON.stringify(status);
    if (text === this.#sent) return;
    this.#sent = text;
    this.#sentAt = this.#options.clock.monotonic();
    this.#options.send({ message: 'status', status });
  }
}
