import type { Clock, Logger, Millis } from '@ambit/kernel';
import type { wire } from '@ambit/protocol';
import { flushClusterSync } from '@ambit/persistence';
import type { ClusterSyncUpdate, Sql } from '@ambit/persistence';

const resultsEveryMs = 1_000;
const lastSeenEveryMs = 30_000;

type Applied = (clusterUid: string, revision: number) => void;
type Session = Pick<ClusterSyncUpdate, 'clusterUid' | 'sessionEpoch'>;

/**
 * What the agents connected here report, written for all of them in one statement: results at most once a second,
 * when somebody was last heard every 30 s. A change to one grant costs one commit and nothing here.
 */
export class AgentStatus {
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #pending = new Map<string, ClusterSyncUpdate>();
  readonly #heard = new Map<string, { readonly sessionEpoch: number; readonly at: Millis }>();
  readonly #listeners = new Set<Applied>();
  #onFenced: (sessions: readonly Session[]) => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();
  #lastSeenAt: Millis = 0;

  constructor(sql: Sql, clock: Clock, logger: Logger) {
    this.#sql = sql;
    this.#clock = clock;
    this.#logger = logger;
  }

  start(): void {
    this.#timer = setInterval(() => void this.flush(), resultsEveryMs).unref();
  }

  /** Called with sessions that a newer one replaced, here or on another replica. */
  onFenced(listener: (sessions: readonly Session[]) => void): void {
    this.#onFenced = listener;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#lastSeenAt = 0;
    await this.flush();
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
    this.note({ clusterUid, sessionEpoch, appliedRevision: revision, results: report });
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
      const fenced = new Set(await flushClusterSync(this.#sql, updates));
      if (fenced.size > 0)
        this.#onFenced(updates.filter(({ clusterUid }) => fenced.has(clusterUid)));
    } catch (error) {
      this.#logger.warn('the status of agents could not be stored; it is tried again', { error });
      for (const update of updates) {
        const newer = this.#pending.get(update.clusterUid);
        const same = newer === undefined || newer.sessionEpoch === update.sessionEpoch;
        if (same) this.#pending.set(update.clusterUid, { ...update, ...newer });
      }
    }
  }

  #noteLastSeen(): void {
    const now = this.#clock.now();
    if (now - this.#lastSeenAt < lastSeenEveryMs) return;
    this.#lastSeenAt = now;
    for (const [clusterUid, { sessionEpoch, at }] of this.#heard)
      this.note({ clusterUid, sessionEpoch, lastSeenAt: at });
  }
}
