import type { StateChange, wire } from '@ambit/protocol';
import type { Intent, Mask } from '@ambit/rbac';

/** What the reconciler says about itself, for Status, health and metrics. */
export interface ReconcileStatus {
  readonly appliedRevision: number;
  readonly objects: number;
  readonly driftRepairs: number;
  readonly heldRemovals: number;
  /** Both initial lists are done and a state is loaded. */
  readonly ready: boolean;
  readonly report: wire.ApplyReport;
}

/**
 * Makes the cluster hold what was accepted, within the ceiling and the time. The session hands it states, the disk
 * hands it the first one; it never speaks to central.
 */
export interface Reconciler {
  /**
   * Takes over a durable change: removals first. Returns at once. `before` is what was held, given when no commit
   * explains the difference: then the ceiling's removal guard judges it.
   */
  accept(change: StateChange, before?: readonly Intent[]): void;
  /** Takes over only what the change takes away: the disk does not hold the rest. */
  acceptRemovals(change: StateChange): void;
  /** Subjects that signed revocations take out: the whole current list. */
  mask(masks: readonly Mask[]): void;
  /** Called when every operation of a revision is done or terminal. */
  onApplied(listener: (revision: number, report: wire.ApplyReport) => void): void;
  /** Lets removals through that wait for the owner. */
  releaseRemovals(): void;
  resync(): void;
  status(): ReconcileStatus;
  start(): Promise<void>;
  stop(): Promise<void>;
}
