import type { StateChange, wire } from '@ambit/protocol';
import type { Intent, Mask, ObjectKey } from '@ambit/rbac';
import type { ObjectProblem } from './apply-tracker.ts';

/** A step of the state that no commit explains: of what it takes away and gives, some waits for the cluster's owner. */
export interface UnexplainedStep {
  /** What was really given before it. */
  readonly before: readonly Intent[];
  readonly after: readonly Intent[];
  /** It took a higher epoch: what it gives waits. */
  readonly raised: boolean;
  /** False when nobody knows any more what was given before: then nothing is given. */
  readonly known: boolean;
  /** What it takes away may wait, when it is beyond the ceiling's guard. */
  readonly removalsMayWait: boolean;
}

/** Goes by the same states as the reconciler, and is told of each before it. */
export interface StateFollower {
  accept(change: StateChange): void;
  acceptRemovals(change: StateChange): void;
  mask(masks: readonly Mask[]): void;
}

/** What others carry out of a state, beside the reconciler: a revision is applied when that is too. */
export interface ApplyProgress {
  /** Before the next state is taken over, or at any time. */
  expect(keys: Iterable<ObjectKey>): void;
  settled(key: ObjectKey): void;
  failed(key: ObjectKey, problem: ObjectProblem, terminal: boolean): void;
}

/** What the reconciler says about itself, for Status, health and metrics. */
export interface ReconcileStatus {
  readonly appliedRevision: number;
  readonly objects: number;
  readonly driftRepairs: number;
  readonly heldRemovals: number;
  readonly heldGains: number;
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
   * Takes over a durable change: removals first. Returns at once. Of steps that no commit explains, what a raised epoch
   * gives is held, and what goes too, when it is beyond the ceiling's removal guard.
   */
  accept(change: StateChange, steps?: readonly UnexplainedStep[]): void;
  /** Takes over only what the change takes away: the disk does not hold the rest. */
  acceptRemovals(change: StateChange, steps?: readonly UnexplainedStep[]): void;
  /** What a raised epoch gave is not known any more: nothing is given until the owner of the cluster says so. */
  holdGains(): void;
  /** Subjects that signed revocations take out: the whole current list. */
  mask(masks: readonly Mask[]): void;
  /** Called when every operation of a revision is done or terminal. */
  onApplied(listener: (revision: number, report: wire.ApplyReport) => void): void;
  /** Lets removals through that wait for the owner. */
  releaseRemovals(): void;
  /** Lets gains of a raised epoch through that wait for the owner. */
  releaseGains(): void;
  /** The stored time turned out to be wrong: ends that only it brought were no ends. */
  clockHealed(): void;
  resync(): void;
  status(): ReconcileStatus;
  start(): Promise<void>;
  stop(): Promise<void>;
}
