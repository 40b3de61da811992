import type { Inventory } from '../state/object-inventory.ts';
import type { AppliedListener, ApplyTracker } from './apply-tracker.ts';
import type { CeilingRefusals } from './ceiling-refusals.ts';
import type { ObjectReports } from './object-reports.ts';
import type { ReconcileStatus } from './ports.ts';
import { applyReport, CurrentReport } from './reconcile-report.ts';
import type { WantedState } from './wanted-state.ts';

export interface RevisionReportsOptions {
  readonly tracker: ApplyTracker;
  readonly wanted: WantedState;
  readonly objects: ObjectReports;
  readonly inventory: Inventory;
  readonly refusals: CeilingRefusals;
}

/** What is told of revisions: which one is applied, and how things are now. */
export class RevisionReports {
  readonly tracker: ApplyTracker;
  readonly #options: RevisionReportsOptions;
  readonly #current: CurrentReport;

  constructor(options: RevisionReportsOptions) {
    this.#options = options;
    this.tracker = options.tracker;
    this.#current = new CurrentReport(options);
    this.onApplied(() => options.refusals.look());
  }

  onApplied(listener: AppliedListener): void {
    this.tracker.onApplied(listener);
  }

  /** Tells that the revision is applied, when it is and that was not told yet. */
  check(): void {
    this.tracker.check((counts) => applyReport(this.#options, counts));
  }

  /** What the ceiling refuses now is told in the trail. */
  tellRefusals(): void {
    this.#options.refusals.look();
  }

  /** What is wanted changed: soon it is looked whether the ceiling refuses something of it. */
  wantedChanged(): void {
    this.#options.refusals.changed();
  }

  stop(): void {
    this.#options.refusals.stop();
  }

  status(ready: boolean): ReconcileStatus {
    const { wanted, inventory, objects } = this.#options;
    return {
      appliedRevision: this.tracker.appliedRevision,
      objects: inventory.size,
      driftRepairs: objects.repairs,
      heldRemovals: wanted.heldRemovals.length,
      heldGains: wanted.heldGains,
      ready,
      report: this.#current.get(),
    };
  }
}
