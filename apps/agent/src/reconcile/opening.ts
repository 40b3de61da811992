import type { ObjectKey } from '@ambit/rbac';
import type { ClusterEvents } from './cluster-events.ts';
import type { HeldChanges } from './held-changes.ts';
import type { ObjectJudge } from './object-judge.ts';
import type { ObjectsInPlay } from './objects-in-play.ts';
import type { RevisionReports } from './revision-reports.ts';
import type { WantedState } from './wanted-state.ts';

export interface OpeningParts {
  readonly judge: ObjectJudge;
  readonly wanted: WantedState;
  readonly held: HeldChanges;
  readonly revisions: RevisionReports;
  readonly cluster: ClusterEvents;
  readonly objects: ObjectsInPlay;
  /** Told that writing begins. */
  readonly begins: () => void;
}

/** Nothing is written before a state is loaded and every list is complete, except that what ends, ends. */
export class Opening {
  readonly #parts: OpeningParts;
  #loaded = false;
  #stopped = false;

  constructor(parts: OpeningParts) {
    this.#parts = parts;
  }

  /** True once anything may be written. */
  get open(): boolean {
    return this.#parts.judge.open;
  }

  /** A state is there; true for the first one. */
  loaded(): boolean {
    const first = !this.#loaded;
    this.#loaded = true;
    return first;
  }

  /** Has these looked at, or all when writing begins with it. */
  apply(touched: Iterable<ObjectKey>): void {
    if (this.#parts.judge.open) this.#parts.objects.changed(touched);
    else this.whenReady();
  }

  whenReady(): void {
    const { judge, wanted, held, revisions, cluster, objects, begins } = this.#parts;
    if (judge.open || !this.#loaded || cluster.missingLists.length > 0 || this.#stopped) return;
    judge.open = true;
    wanted.listsAreComplete();
    begins();
    held.onlyWhatStands();
    const keys = objects.every();
    revisions.tracker.expect(keys);
    objects.changed(keys);
    this.check();
  }

  /** A revision may be done. */
  check(): void {
    if (this.#parts.judge.open) this.#parts.revisions.check();
  }

  stop(): void {
    this.#stopped = true;
  }
}
