import type { AuditEvent } from '@ambit/domain';
import type { Logger } from '@ambit/kernel';
import { auditTailStart, tailAudit } from '@ambit/persistence';
import type { AuditQuery, Sql, TailCursor } from '@ambit/persistence';

export interface TailedEvent {
  readonly cursor: TailCursor;
  readonly event: AuditEvent;
}

type Filter = Omit<AuditQuery, 'limit' | 'continue'>;

const page = 500;
/** Events of other replicas are not announced here: this is how long they may take to show. */
const pollMs = 1_000;

/**
 * Live audit events. Readers are woken when this replica stores some and look by themselves once a second, so that a
 * reader misses nothing whichever replica stored it.
 */
export class AuditTail {
  readonly #sql: Sql;
  readonly #logger: Logger;
  readonly #waiting = new Set<() => void>();
  #stopping = false;

  constructor(sql: Sql, logger: Logger) {
    this.#sql = sql;
    this.#logger = logger;
  }

  /** Something was stored here. */
  wake(): void {
    for (const resume of this.#waiting) resume();
  }

  /** Called by Nest when central stops: every tail ends, and its reader goes on elsewhere from its cursor. */
  onModuleDestroy(): void {
    this.#stopping = true;
    this.wake();
  }

  /** Throws `invalid_request` for a cursor that is none, before anything was answered. */
  async check(cursor: TailCursor): Promise<void> {
    await tailAudit(this.#sql, cursor, 1);
  }

  /** The place from which only what is stored from now on follows. */
  start(): Promise<TailCursor> {
    return auditTailStart(this.#sql);
  }

  /** Events after the cursor in the order of their commits, without end until `signal` aborts; `undefined` when quiet for 15 s. */
  async *follow(
    from: TailCursor,
    filter: Filter,
    signal: AbortSignal,
  ): AsyncGenerator<TailedEvent | undefined> {
    let cursor = from;
    let quietSince = performance.now();
    while (!signal.aborted && !this.#stopping) {
      const found = await tailAudit(this.#sql, cursor, page, filter);
      cursor = found.cursor;
      for (const item of found.events) yield item;
      if (found.events.length > 0) quietSince = performance.now();
      else if (performance.now() - quietSince > 15_000) {
        quietSince = performance.now();
        yield undefined;
      }
      if (found.events.length < page) await this.#wait(signal);
    }
    this.#logger.debug('an audit tail ended');
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, pollMs);
      this.#waiting.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }
}
