import { comparePoints, signedEnvelopeCodec } from '@ambit/protocol';
import type { AgentMemory, StateChange, StatePoint, wire } from '@ambit/protocol';
import { effectiveIntents } from '@ambit/rbac';
import type { Intent } from '@ambit/rbac';
import type { ClockInterval } from '../clock/clock-interval.ts';
import type { UnexplainedStep } from '../reconcile/ports.ts';
import type { HighWaterFile } from '../state/high-water-file.ts';
import type { StateStore, StoredState } from '../state/state-store.ts';
import type { StoredStep, UnexplainedStepsFile } from '../state/unexplained-steps.ts';
import { isUpToDate } from './held-state.ts';
import type { HeldRevocation, HeldState } from './held-state.ts';
import { verifyRevocation, verifyState } from './verify-state.ts';
import type { VerifyPorts } from './verify-state.ts';

type Held = NonNullable<AgentMemory['held']>;

interface KnownStep extends StoredStep {
  readonly from: StatePoint;
  readonly to: StatePoint;
}

export interface UnexplainedStepsOptions extends VerifyPorts {
  readonly store: StateStore;
  readonly file: UnexplainedStepsFile;
  readonly highWater: HighWaterFile;
  readonly clock: Pick<ClockInterval, 'now'>;
}

/** Steps of the state that no commit explains, from before they are taken until nothing of them is held back any more. */
export class UnexplainedSteps {
  readonly #options: UnexplainedStepsOptions;
  #steps: KnownStep[] = [];
  #work: Promise<unknown> = Promise.resolve();

  constructor(options: UnexplainedStepsOptions) {
    this.#options = options;
  }

  /**
   * What is held back of the state that was accepted last: the steps on disk, as far as they were signed and led there,
   * less what the marks say was let through.
   */
  async resume({ change, memory }: HeldState): Promise<UnexplainedStep[]> {
    const { file, highWater, logger } = this.#options;
    const { marks } = highWater;
    if (change === undefined) {
      const lost = (memory.held?.stateEpoch ?? 0) > marks.gainsGiven;
      return lost ? [unknownGains] : [];
    }
    const { manifest } = change;
    const taken = (await file.load()).flatMap((stored) => this.#verified(stored, manifest));
    this.#steps = taken.map(({ known }) => known);
    const removals = isUpToDate(marks, manifest) ? marks.removalsHeld : undefined;
    const gains = manifest.stateEpoch > marks.gainsGiven;
    if (gains && !leadsTo(this.#steps, marks.gainsGiven, manifest)) {
      logger.error(
        'what a raised epoch gave is not known any more: nothing is given until it is released',
      );
      return [unknownGains];
    }
    return taken.map(({ step, known }) => ({
      ...step,
      raised: step.raised && gains,
      removalsMayWait: removals !== undefined && comparePoints(known.to, removals) >= 0,
    }));
  }

  /** Puts a step on disk before it is taken. Throws `storage_full` or `storage_unwritable`. */
  async begin(
    change: StateChange,
    held: Held,
    revocations: readonly HeldRevocation[],
  ): Promise<UnexplainedStep | undefined> {
    const { store, file, highWater, logger } = this.#options;
    const raised = change.manifest.stateEpoch > held.stateEpoch;
    const stored = await store.read();
    const before = verifyState(stored, highWater.marks, this.#options);
    const usable =
      typeof before !== 'string' && !held.stale && comparePoints(before.manifest, held) === 0;
    if (!usable) {
      logger.error('what was held before an unexplained state is not known');
      await highWater.flush();
      return raised ? unknownGains : undefined;
    }
    const masks = revocations.map(({ revocation }) => revocation);
    const step = {
      before: { ...stored, revokes: revocations.map(({ envelope }) => envelope) },
      after: afterOf(stored, change),
      from: before.manifest,
      to: change.manifest,
    };
    this.#steps = [...this.#steps.filter(({ to }) => comparePoints(to, held) <= 0), step];
    await file.save(this.#steps);
    const { stateEpoch, revision } = change.manifest;
    const { removalsHeld = { stateEpoch, revision } } = highWater.marks;
    highWater.save({ removalsHeld });
    await highWater.flush();
    const after = verifyState(step.after, highWater.marks, this.#options);
    const intents = typeof after === 'string' ? change.intents : after.intents;
    const effective = this.#effective(before.intents, masks);
    return { before: effective, after: intents, raised, known: true, removalsMayWait: true };
  }

  /** Notes what still waits, and forgets the steps when nothing does. */
  settle({ removals, gains }: { readonly removals: number; readonly gains: number }): void {
    const { highWater, file } = this.#options;
    const { accepted, gainsGiven, removalsHeld } = highWater.marks;
    const epoch = accepted?.stateEpoch ?? gainsGiven;
    if (gains === 0 && epoch > gainsGiven) highWater.save({ gainsGiven: epoch });
    if (removals === 0 && removalsHeld !== undefined) highWater.save({ removalsHeld: undefined });
    if (gains + removals > 0 || this.#steps.length === 0) return;
    this.#steps = [];
    // The marks first: they say that nothing waits, so that steps which stay by a crash are none.
    this.#work = highWater
      .flush()
      .then(() => (this.#steps.length === 0 ? file.clear() : undefined));
  }

  async flush(): Promise<void> {
    await this.#work;
  }

  #verified(
    stored: StoredStep,
    state: wire.Manifest,
  ): { readonly step: UnexplainedStep; readonly known: KnownStep }[] {
    const { highWater, logger } = this.#options;
    const before = verifyState(stored.before, highWater.marks, this.#options);
    const after = verifyState(stored.after, highWater.marks, this.#options);
    if (typeof before === 'string' || typeof after === 'string') {
      logger.error('an unexplained step on disk is not believed', {
        why: [before, after].find((end) => typeof end === 'string'),
      });
      return [];
    }
    const known = { ...stored, from: before.manifest, to: after.manifest };
    // A step that was stored and never taken, or one that commits explain, holds nothing back.
    if (comparePoints(known.to, state) > 0 || isExplainedStep(known.from, after.manifest))
      return [];
    const masks = stored.before.revokes.flatMap(
      (each) => verifyRevocation(each, highWater.marks, this.#options) ?? [],
    );
    const raised = known.to.stateEpoch > known.from.stateEpoch;
    const step = {
      before: this.#effective(before.intents, masks),
      after: after.intents,
      raised,
      known: true,
      removalsMayWait: false,
    };
    return [{ step, known }];
  }

  #effective(intents: readonly Intent[], masks: readonly wire.Revocation[]): Intent[] {
    const revoked = masks.flatMap((mask) => [...mask.revoked]);
    return effectiveIntents(intents, revoked, this.#options.clock.now().high);
  }
}

const unknownGains: UnexplainedStep = {
  before: [],
  after: [],
  raised: true,
  known: false,
  removalsMayWait: false,
};

/** True when commits alone lead from one state to the other. */
export function isExplainedStep(from: StatePoint, to: wire.Manifest): boolean {
  const { stateEpoch, explainedFrom: revision } = to;
  return from.stateEpoch === stateEpoch && comparePoints({ stateEpoch, revision }, from) <= 0;
}

/** True when the raises among the steps lead, one from the other, from an epoch that is in force to that of the state. */
function leadsTo(steps: readonly KnownStep[], given: number, state: wire.Manifest): boolean {
  const raises = steps.filter(({ from, to }) => to.stateEpoch > from.stateEpoch);
  let epoch = given;
  for (const { from, to } of raises) {
    if (from.stateEpoch > epoch) return false;
    epoch = Math.max(epoch, to.stateEpoch);
  }
  return epoch === state.stateEpoch;
}

function afterOf(before: StoredState, change: StateChange): Omit<StoredState, 'stale'> {
  const entries = new Map(change.mode === 'full' ? [] : before.entries);
  for (const key of change.removed) entries.delete(key);
  for (const { key, body } of change.entries) entries.set(key, Buffer.from(body));
  const envelope = Buffer.from(signedEnvelopeCodec.encode(change.envelope));
  return { envelope, entries, revokes: [] };
}
