import type { StateChange } from '@ambit/protocol';
import type { Mask, ObjectKey } from '@ambit/rbac';
import type { EndEnforcer } from './end-enforcer.ts';
import type { HeldChanges } from './held-changes.ts';
import type { ObjectJudge } from './object-judge.ts';
import type { ObjectsInPlay } from './objects-in-play.ts';
import type { Opening } from './opening.ts';
import type { UnexplainedStep } from './ports.ts';
import type { RevisionReports } from './revision-reports.ts';
import type { WantedState } from './wanted-state.ts';

export interface StateIntakeParts {
  readonly judge: ObjectJudge;
  readonly wanted: WantedState;
  readonly ends: EndEnforcer;
  readonly held: HeldChanges;
  readonly revisions: RevisionReports;
  readonly objects: ObjectsInPlay;
  readonly opening: Opening;
}

/** What central wants, as it comes in, and what of it the owner of the cluster lets through. */
export class StateIntake {
  readonly #parts: StateIntakeParts;

  constructor(parts: StateIntakeParts) {
    this.#parts = parts;
  }

  accept(change: StateChange, steps: readonly UnexplainedStep[]): void {
    const { judge, revisions, objects, opening } = this.#parts;
    const { tracker } = revisions;
    const wasHeld = judge.additionsHeld;
    judge.additionsHeld = false;
    const touched = this.#takeOver(change, steps);
    tracker.accept(change.manifest.revision);
    tracker.expect(touched);
    if (wasHeld) tracker.expect(objects.every());
    opening.apply(wasHeld ? objects.every() : touched);
    opening.check();
  }

  acceptRemovals(change: StateChange, steps: readonly UnexplainedStep[]): void {
    this.#parts.judge.additionsHeld = true;
    this.#parts.opening.apply(this.#takeOver(change, steps));
  }

  holdGains(): void {
    this.#parts.wanted.holdUnknownGains();
  }

  mask(masks: readonly Mask[]): void {
    this.#parts.objects.changed(this.#parts.wanted.mask(masks));
  }

  releaseRemovals(): void {
    this.#parts.objects.changed(this.#parts.held.releaseRemovals());
  }

  releaseGains(): void {
    const { objects, held } = this.#parts;
    objects.changed(held.releaseGains());
    objects.lookAtAll();
  }

  #takeOver(change: StateChange, steps: readonly UnexplainedStep[]): Set<ObjectKey> {
    const { wanted, ends, held, opening } = this.#parts;
    const first = opening.loaded();
    const touched = ends.moveClock();
    for (const key of wanted.accept(change, steps)) touched.add(key);
    // What was held before a restart was told then.
    if (steps.length > 0 && !first) held.tell();
    return touched;
  }
}
