import { setImmediate as turn } from 'node:timers/promises';
import type { Logger, Millis } from '@ambit/kernel';
import { auditTailStart, tailAudit } from '@ambit/persistence';
import type { Sql, TailCursor } from '@ambit/persistence';
import { Gate } from '../../platform/gate.ts';
import { frameOf } from './audit-watcher.ts';
import type { AuditWatcher } from './audit-watcher.ts';

const sharedPage = 500;
/** A late reader holds no more of the trail than this in memory. */
const catchUpPage = 100;
/** Late readers that read at the same time. */
const mostCatchingUp = 4;
/** Events of other replicas may not be announced here: this is how long they may take to show. */
const pollMs: Millis = 1_000;
/** Readers served before the process does something else. */
const slice = 50;

/**
 * Live audit events. All readers of a process share one reading of the trail: it is woken when this replica stores
 * something or hears of a commit, and looks by itself once a second, so that it misses nothing whichever replica stored
 * it, and costs the database the same for one reader and for thousands. A late reader catches up by itself first.
 */
export class AuditTail {
  readonly #sql: Sql;
  readonly #logger: Logger;
  readonly #watchers = new Set<AuditWatcher>();
  readonly #catchingUp = new Gate(mostCatchingUp);
  /** Where the shared reading is; unset while nobody reads. */
  #shared: Promise<{ cursor: TailCursor }> | undefined;
  #woken = false;
  #resume: (() => void) | undefined;
  #stopping = false;

  constructor(sql: Sql, logger: Logger) {
    this.#sql = sql;
    this.#logger = logger;
  }

  /** Something was stored here. */
  wake(): void {
    this.#woken = true;
    this.#resume?.();
  }

  /** Central stops: every stream ends, and its reader goes on elsewhere from its cursor. */
  close(): void {
    this.#stopping = true;
    for (const { stream } of this.#watchers) stream.end();
    this.wake();
  }

  /** The place from which only what is stored from now on follows. */
  start(): Promise<TailCursor> {
    return auditTailStart(this.#sql);
  }

  /** Sends what the watcher wants, in the order of the commits, until its stream is over. */
  async follow(watcher: AuditWatcher): Promise<void> {
    try {
      await this.#catchUp(watcher);
      if (this.#stopping) watcher.stream.end();
      await watcher.stream.closed;
    } finally {
      this.#watchers.delete(watcher);
      if (this.#watchers.size === 0) this.wake();
    }
  }

  /**
   * Pages of its own until one is not full. The shared reading is joined before each page: what it reads from then on
   * is held back, so that between page and joining nothing is missed; what both have is dropped by its place.
   */
  async #catchUp(watcher: AuditWatcher): Promise<void> {
    const { stream, filter } = watcher;
    while (stream.open && !this.#stopping) {
      watcher.hold();
      await this.#join(watcher);
      const { events } = await this.#catchingUp.run(() =>
        tailAudit(this.#sql, watcher.cursor, catchUpPage, filter),
      );
      watcher.take(events.map(frameOf));
      if (events.length < catchUpPage && watcher.release()) return;
      await stream.drained();
    }
  }

  /** The shared reading begins before the page of the first watcher is read, so what is before it is in that page. */
  async #join(watcher: AuditWatcher): Promise<void> {
    this.#watchers.add(watcher);
    this.#shared ??= this.#begin();
    await this.#shared;
  }

  async #begin(): Promise<{ cursor: TailCursor }> {
    try {
      const place = { cursor: await this.start() };
      void this.#read(place);
      return place;
    } catch (error) {
      this.#shared = undefined;
      throw error;
    }
  }

  async #read(place: { cursor: TailCursor }): Promise<void> {
    while (this.#watchers.size > 0 && !this.#stopping) {
      this.#woken = false;
      const more = await this.#readPage(place).catch((error: unknown) => {
        this.#logger.warn('the audit trail cannot be followed at the moment', { error });
        return false;
      });
      for (const watcher of this.#watchers) watcher.keepAlive();
      if (!more) await this.#rest();
    }
    this.#shared = undefined;
  }

  /** True when there may be more at once. */
  async #readPage(place: { cursor: TailCursor }): Promise<boolean> {
    const { events, cursor } = await tailAudit(this.#sql, place.cursor, sharedPage);
    place.cursor = cursor;
    if (events.length === 0) return false;
    const frames = events.map(frameOf);
    const started = performance.now();
    const watchers = [...this.#watchers];
    for (let at = 0; at < watchers.length; at += slice) {
      for (const watcher of watchers.slice(at, at + slice)) watcher.offer(frames);
      await turn();
    }
    // Under a rush of events readers get more of them at a time, and everything else keeps most of the process.
    await rest(Math.min(500, 2 * (performance.now() - started)));
    return events.length === sharedPage;
  }

  #rest(): Promise<void> {
    if (this.#woken) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#resume?.(), pollMs);
      this.#resume = () => {
        clearTimeout(timer);
        this.#resume = undefined;
        resolve();
      };
    });
  }
}

/** What is too short for a timer is no rest. */
async function rest(ms: Millis): Promise<void> {
  if (ms < 4) return;
  await new Promise((resolve) => setTimeout(resolve, ms));
}
