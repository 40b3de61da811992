import type { RevisionStatus } from '@ambit/contracts';
import type { Millis } from '@ambit/kernel';
import type { ClusterReader } from './cluster-reader.ts';

/** Tells when an agent connected here has applied a revision, as soon as it says so. */
export interface AppliedEvents {
  onApplied(listener: (clusterUid: string, revision: number) => void): () => void;
  /** Makes what was reported so far readable. */
  flush(): Promise<void>;
}

/** Agents of other replicas are not heard here: how often their records are looked at. */
const pollMs = 500;

/** Holds an answer back until every connected cluster has applied a revision, or the time is over. */
export class WaitApplied {
  readonly #reader: ClusterReader;
  readonly #events: AppliedEvents;

  #stopping = false;

  constructor(reader: ClusterReader, events: AppliedEvents) {
    this.#reader = reader;
    this.#events = events;
  }

  /** Central stops: who waits is told how far things are. */
  stop(): void {
    this.#stopping = true;
  }

  async execute(
    revision: number,
    names: readonly string[] | undefined,
    { waitMs, ended }: { readonly waitMs: Millis; readonly ended: AbortSignal },
  ): Promise<RevisionStatus> {
    const deadline = performance.now() + waitMs;
    await this.#reader.known(revision, waitMs);
    for (;;) {
      const { promise, cancel } = this.#next(
        Math.min(pollMs, Math.max(0, deadline - performance.now())),
        ended,
      );
      await this.#events.flush();
      const status = await this.#reader.progress(revision, names);
      const over = this.#stopping || ended.aborted || performance.now() >= deadline;
      // What this replica does not remember it does not learn by waiting.
      if (status.done || !status.known || over) {
        cancel();
        return status;
      }
      await promise;
    }
  }

  #next(withinMs: Millis, ended: AbortSignal): { promise: Promise<void>; cancel: () => void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const over = (): void => resolve();
    const stop = this.#events.onApplied(over);
    const timer = setTimeout(over, withinMs);
    ended.addEventListener('abort', over);
    const cleared = promise.then(() => {
      stop();
      clearTimeout(timer);
      ended.removeEventListener('abort', over);
    });
    return { promise: cleared, cancel: over };
  }
}
