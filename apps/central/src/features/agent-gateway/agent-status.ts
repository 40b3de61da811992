import { Seldom } from '@ambit/kernel';
import type { Clock, Logger, Millis } from '@ambit/kernel';
import type { wire } from '@ambit/protocol';
import type { Meters, centralMetrics } from '@ambit/observability';
import { flushClusterSync, isRowRefused } from '@ambit/persistence';
import type { ClusterSyncUpdate, Sql } from '@ambit/persistence';

const resultsEveryMs = 1_000;
const lastSeenEveryMs = 30_000;
/** A report that cannot be stored makes one line for its cluster in this time. */
const sayAgainMs = 600_000;

type Applied = (clusterUid: string, revision: number) => void;
type Fenced = (sessions: readonly Session[]) => void;
type Session = Pick<ClusterSyncUpdate, 'clusterUid' | 'sessionEpoch'>;

/**
 * What the agents connected here report, written for all of them in one statement: results at most once a second,
 * when somebody was last heard every 30 s. A change to one grant costs one commit and nothing here.
 */
export class AgentStatus {
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #meters: Pick<Meters<typeof centralMetrics>, 'recordsDropped'>;
  readonly #seldom: Seldom;
  readonly #pending = new Map<string, ClusterSyncUpdate>();
  readonly #heard = new Map<string, { readonly sessionEpoch: number; readonly at: Millis }>();
  readonly #listeners = new Set<Applied>();
  readonly #fenceListeners = new Set<Fenced>();
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();
  #lastSeenAt: Millis = 0;

  constructor(
    sql: Sql,
    clock: Clock,
    tell: {
      readonly logger: Logger;
      readonly meters: Pick<Meters<typeof centralMetrics>, 'recordsDropped'>;
    },
  ) {
    this.#sql = sql;
    this.#clock = clock;
    this.#logger = tell.logger;
    this.#meters = tell.meters;
    this.#seldom = new Seldom(clock, sayAgainMs);
  }

  start(): void {
    this.#timer = setInterval(() => void this.flush(), resultsEveryMs).unref();
  }

  /** Called with sessions that a newer one replaced, here or on another replica. */
  onFenced(listener: Fenced): void {
    this.#fenceListeners.add(listener);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#lastSeenAt = 0;
    await this.flush();
  }

  /** When an agent connected here last said something; undefined for those that are not. */
  lastHeard(clusterUid: string): Millis | undefined {
    return this.#heard.get(clusterUid)?.at;
  }

  /** The agent said something. */
  heard(clusterUid: string, sessionEpoch: number): void {
    this.#heard.set(clusterUid, { sessionEpoch, at: this.#clock.now() });
  }

  /** Facts to write soon; fields that are absent stay as they are. */
  note(update: ClusterSyncUpdate): void {
    const waiting = this.#pending.get(update.clusterUid);
    if (waiting !== undefined && waiting.sessionEpoch > update.sessionEpoch) return;
    const same = waiting?.sessionEpoch === update.sessionEpoch;
    this.#pending.set(update.clusterUid, same ? { ...waiting, ...update } : update);
  }

  applied(
    clusterUid: string,
    sessionEpoch: number,
    revision: number,
    report: wire.ApplyReport,
  ): void {
    const lastSeenAt = this.#clock.now();
    this.note({ clusterUid, sessionEpoch, appliedRevision: revision, results: report, lastSeenAt });
    for (const listener of this.#listeners) listener(clusterUid, revision);
  }

  onApplied(listener: Applied): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  gone({ clusterUid, sessionEpoch }: Session): void {
    if (this.#heard.get(clusterUid)?.sessionEpoch === sessionEpoch) this.#heard.delete(clusterUid);
  }

  /** One at a time, so that an older report never overwrites a newer one. Resolves when what was noted is written. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#write());
    return this.#flushing;
  }

  async #write(): Promise<void> {
    this.#noteLastSeen();
    if (this.#pending.size === 0) return;
    const updates = [...this.#pending.values()];
    this.#pending.clear();
    try {
      this.#fence(updates, await flushClusterSync(this.#sql, updates));
    } catch (error) {
      if (isRowRefused(error)) await this.#writeEach(updates);
      else this.#later(updates, error);
    }
  }

  /** Some row is refused: each is written alone, so that only its own cluster goes without. */
  async #writeEach(updates: readonly ClusterSyncUpdate[]): Promise<void> {
    for (const update of updates) {
      try {
        this.#fence([update], await flushClusterSync(this.#sql, [update]));
      } catch (error) {
        if (isRowRefused(error)) this.#drop(update, error);
        else this.#later([update], error);
      }
    }
  }

  #drop({ clusterUid }: ClusterSyncUpdate, error: unknown): void {
    this.#meters.recordsDropped.inc({ record: 'status' });
    const before = this.#seldom.passes(clusterUid);
    if (before === undefined) return;
    const message = 'the status of an agent cannot be stored and is dropped';
    this.#logger.error(message, { clusterUid, before, error });
  }

  #later(updates: readonly ClusterSyncUpdate[], error: unknown): void {
    this.#logger.warn('the status of agents could not be stored; it is tried again', { error });
    for (const update of updates) {
      const newer = this.#pending.get(update.clusterUid);
      const same = newer === undefined || newer.sessionEpoch === update.sessionEpoch;
      if (same) this.#pending.set(update.clusterUid, { ...update, ...newer });
    }
  }

  #fence(updates: readonly ClusterSyncUpdate[], over: readonly string[]): void {
    if (over.length === 0) return;
    const fenced = new Set(over);
    const sessions = updates.filter(({ clusterUid }) => fenced.has(clusterUid));
    for (const listener of this.#fenceListeners) listener(sessions);
  }

  #noteLastSeen(): void {
    const now = this.#clock.now();
    if (now - this.#lastSeenAt < lastSeenEveryMs) return;
    this.#lastSeenAt = now;
    for (const [clusterUid, { sessionEpoch, at }] of this.#heard)
      this.note({ clusterUid, sessionEpoch, lastSeenAt: at });
  }
}
