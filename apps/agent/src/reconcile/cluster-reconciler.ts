import type { StateChange } from '@ambit/protocol';
import type { Ceiling, Mask } from '@ambit/rbac';
import type { AppliedListener } from './apply-tracker.ts';
import type { ClusterFacts } from './cluster-facts.ts';
import { composeReconciler } from './compose-reconciler.ts';
import type { ReconcilerParts } from './compose-reconciler.ts';
import type {
  ApplyProgress,
  Reconciler,
  ReconcileStatus,
  StateFollower,
  UnexplainedStep,
} from './ports.ts';
import type { ClusterReconcilerOptions } from './reconciler-options.ts';

/** The loop of the agent: what is wanted, what stands there, and one write at a time per object until they agree. */
export class ClusterReconciler implements Reconciler {
  readonly #parts: ReconcilerParts;
  readonly #follower: StateFollower | undefined;

  constructor(options: ClusterReconcilerOptions) {
    this.#follower = options.follower;
    this.#parts = composeReconciler(options);
  }

  get facts(): ClusterFacts {
    return this.#parts.cluster.facts;
  }

  /** What others who carry a state out tell of it. */
  get progress(): ApplyProgress {
    const { revisions, opening } = this.#parts;
    const { tracker } = revisions;
    return {
      expect: (keys) => tracker.expect(keys),
      settled: (key) => {
        tracker.settled(key);
        opening.check();
      },
      failed: (key, problem, terminal) => {
        tracker.failed(key, problem, terminal);
        opening.check();
      },
    };
  }

  /** Kinds whose first list is not complete. */
  get missingLists(): readonly string[] {
    return this.#parts.cluster.missingLists;
  }

  async start(): Promise<void> {
    const { cluster, ends, objects, opening } = this.#parts;
    ends.start();
    cluster.start({
      changed: (keys) => objects.changed(keys),
      listed: () => opening.whenReady(),
      seen: (key) => ends.seen(key),
    });
    objects.lookAgainAndAgain();
  }

  async stop(): Promise<void> {
    const { cluster, ends, objects, opening, revisions, finish } = this.#parts;
    opening.stop();
    objects.stop();
    revisions.stop();
    ends.stop();
    await finish(cluster.stop());
  }

  accept(change: StateChange, steps: readonly UnexplainedStep[] = []): void {
    this.#follower?.accept(change);
    this.#parts.intake.accept(change, steps);
  }

  acceptRemovals(change: StateChange, steps: readonly UnexplainedStep[] = []): void {
    this.#follower?.acceptRemovals(change);
    this.#parts.intake.acceptRemovals(change, steps);
  }

  holdGains(): void {
    this.#parts.intake.holdGains();
  }

  mask(masks: readonly Mask[]): void {
    this.#follower?.mask(masks);
    this.#parts.intake.mask(masks);
  }

  releaseRemovals(): void {
    this.#parts.intake.releaseRemovals();
  }

  releaseGains(): void {
    this.#parts.intake.releaseGains();
  }

  setCeiling(ceiling: Ceiling): void {
    this.#parts.ceiling.to(ceiling);
  }

  /** A clock was heard: ends that have come by it are enforced now. */
  clockChanged(): void {
    this.#parts.ends.clockChanged();
  }

  clockHealed(): void {
    this.#parts.objects.changed(this.#parts.ends.reopen());
  }

  resync(): void {
    this.#parts.cluster.relist();
    this.#parts.objects.hurry();
  }

  onApplied(listener: AppliedListener): void {
    this.#parts.revisions.onApplied(listener);
  }

  status(): ReconcileStatus {
    return this.#parts.revisions.status(this.#parts.opening.open);
  }
}
