import type { Logger, Millis } from '@ambit/kernel';
import { contains, signedEnvelopeCodec } from '@ambit/protocol';
import type { AgentMemory, StateChange, wire } from '@ambit/protocol';
import type { UnexplainedStep } from '../reconcile/ports.ts';
import type { HighWaterFile } from '../state/high-water-file.ts';
import type { StateStore } from '../state/state-store.ts';
import type { HeldRevocation } from './held-state.ts';
import { isExplainedStep } from './unexplained-steps.ts';
import type { UnexplainedSteps } from './unexplained-steps.ts';

/** Puts what a session accepts onto the disk, one thing after the other. */
export class StateKeeper {
  readonly #store: StateStore;
  readonly #highWater: HighWaterFile;
  readonly #steps: UnexplainedSteps;
  readonly #logger: Logger;
  #revocations: readonly HeldRevocation[];
  #work: Promise<unknown> = Promise.resolve();
  #failing = false;
  /** States on their way to the reconciler: what it holds back is not settled before it has them. */
  #underWay = 0;

  constructor(
    parts: {
      readonly store: StateStore;
      readonly highWater: HighWaterFile;
      readonly steps: UnexplainedSteps;
      readonly logger: Logger;
    },
    revocations: readonly HeldRevocation[],
  ) {
    this.#store = parts.store;
    this.#highWater = parts.highWater;
    this.#steps = parts.steps;
    this.#logger = parts.logger;
    this.#revocations = revocations;
  }

  /** True from a state that could not be stored until one that could. */
  get failing(): boolean {
    return this.#failing;
  }

  get stale(): boolean {
    return this.#store.stale;
  }

  /**
   * Resolves when the change survives a crash, and then has to be followed by `handedOver`. When no commit explains what
   * the change makes of the state (a new compiler or a raised epoch) it gives the whole step, of which things may have to
   * be held back. Throws `storage_full` or what else the disk says.
   */
  async save(change: StateChange, held: AgentMemory['held']): Promise<UnexplainedStep | undefined> {
    this.#underWay++;
    try {
      const step = await this.#next(async () => {
        const unexplained =
          held === undefined || isExplainedStep(held, change.manifest)
            ? undefined
            : await this.#steps.begin(change, held, this.#revocations);
        await this.#accept(change);
        return unexplained;
      });
      // Who held nothing has nothing that a raised epoch could have given behind anybody's back.
      if (held === undefined) this.#highWater.save({ gainsGiven: change.manifest.stateEpoch });
      this.#failing = false;
      return step;
    } catch (error) {
      this.#underWay--;
      this.#failing = true;
      throw error;
    }
  }

  /** The reconciler has what `save` stored. */
  handedOver(): void {
    this.#underWay--;
  }

  /** Notes what still waits for the owner of the cluster. */
  settle(waiting: { readonly removals: number; readonly gains: number }): void {
    if (this.#underWay === 0) this.#steps.settle(waiting);
  }

  /** Resolves when the revocation survives a crash. Throws `storage_full`: it has to be obeyed all the same. */
  saveRevocation(revocation: wire.Revocation, envelope: wire.SignedEnvelope): Promise<void> {
    return this.#next(async () => {
      const bytes = Buffer.from(signedEnvelopeCodec.encode(envelope));
      this.#revocations = [...this.#revocations, { revocation, envelope: bytes }];
      await this.#store.revoke(bytes);
    });
  }

  /** Notes that the disk lacks a change, so that after a restart nothing of it is handed out. */
  markStale(): Promise<void> {
    return this.#next(() => this.#store.markStale()).catch((error: unknown) =>
      this.#logger.error('that the stored state is behind could not be noted', { error }),
    );
  }

  saveEpoch(stateEpoch: number): void {
    this.#highWater.save({ stateEpoch });
  }

  saveCentralTime(centralTime: Millis): void {
    this.#highWater.save({ centralTime });
  }

  /** Resolves when everything asked for so far is done. */
  async flush(): Promise<void> {
    await this.#work;
    await this.#steps.flush();
    await this.#highWater.flush();
  }

  async #accept(change: StateChange): Promise<void> {
    const { manifest } = change;
    const kept = this.#revocations.filter(({ revocation }) => !contains(manifest, revocation));
    await this.#store.accept({
      envelope: Buffer.from(signedEnvelopeCodec.encode(change.envelope)),
      full: change.mode === 'full',
      removed: change.removed,
      entries: change.entries.map(({ key, body }) => ({ key, body: Buffer.from(body) })),
      revokes: kept.map(({ envelope }) => envelope),
    });
    this.#revocations = kept;
    const { stateEpoch, revision, root, lineage } = manifest;
    this.#highWater.save({ accepted: { stateEpoch, revision, root, lineage } });
    // Marks that are older than the state do not say what waits: then removals would go through.
    if (this.#highWater.marks.removalsHeld !== undefined) await this.#highWater.flush();
  }

  #next<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#work.then(step);
    this.#work = done.catch(() => undefined);
    return done;
  }
}
