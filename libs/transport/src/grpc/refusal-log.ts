import { AppError, type Logger, type Millis } from '@ambit/kernel';

const windowMs: Millis = 1_000;

interface Window {
  readonly endsAt: Millis;
  unsaid: number;
}

/**
 * Log lines about refused calls, at most one in a second for each method and code, so that a flood of calls is no flood
 * of lines; the next line says how many were left out. Faults of our own are always told.
 */
export class RefusalLog {
  readonly #logger: Logger;
  readonly #windows = new Map<string, Window>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  note(method: string, requestId: string, error: unknown): void {
    const fields = { method, requestId, error };
    if (!(error instanceof AppError) || error.kind === 'internal') {
      this.#logger.error('agent call failed', fields);
      return;
    }
    const key = `${method} ${error.code}`;
    const now = performance.now();
    const window = this.#windows.get(key);
    if (window !== undefined && now < window.endsAt) {
      window.unsaid++;
      return;
    }
    this.#windows.set(key, { endsAt: now + windowMs, unsaid: 0 });
    const unsaid = window?.unsaid ?? 0;
    this.#logger.info('agent call refused', unsaid === 0 ? fields : { ...fields, unsaid });
  }
}
