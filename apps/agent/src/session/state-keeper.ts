import type { Logger } from '@ambit/kernel';
import { decodeIntent, signedEnvelopeCodec } from '@ambit/protocol';
import type { AgentMemory, StateChange, wire } from '@ambit/protocol';
import type { Intent } from '@ambit/rbac';
import type { HighWaterFile } from '../state/high-water-file.ts';
import type { StateStore } from '../state/state-store.ts';
import type { HeldRevocation } from './held-state.ts';

/** Puts what a session accepts onto the disk, one thing after the other. */
export class StateKeeper {
  readonly #store: StateStore;
  readonly #highWater: HighWaterFile;
  readonly #logger: Logger;
  #revocations: readonly HeldRevocation[];
  #work: Promise<unknown> = Promise.resolve();
  #failing = false;

  constructor(
    parts: {
      readonly store: StateStore;
      readonly highWater: HighWaterFile;
      readonly logger: Logger;
    },
    revocations: readonly HeldRevocation[],
  ) {
    this.#store = parts.store;
    this.#highWater = parts.highWater;
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
   * Resolves when the change survives a crash. When no commit explains what the change makes of the state (a new compiler
   * or a raised epoch) it gives everything that was held before, for the removal guard to judge. Throws `storage_full`
   * or what else the disk says.
   */
  async save(
    change: StateChange,
    held: AgentMemory['held'],
  ): Promise<readonly Intent[] | undefined> {
    try {
      const before = await this.#next(async () => {
        const intents = isExplained(change, held) ? undefined : await this.#intents();
        await this.#accept(change);
        return intents;
      });
      this.#failing = false;
      return before;
    } catch (error) {
      this.#failing = true;
      throw error;
    }
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

  saveHighWater(stateEpoch: number, centralTime: number | undefined): void {
    this.#highWater.save({ stateEpoch, centralTime });
  }

  /** Resolves when everything asked for so far is done. */
  async flush(): Promise<void> {
    await this.#work;
    await this.#highWater.flush();
  }

  async #intents(): Promise<Intent[]> {
    const { entries } = await this.#store.read();
    return Array.from(entries, ([key, body]) => decodeIntent(key, body));
  }

  async #accept(change: StateChange): Promise<void> {
    const { revision, stateEpoch } = change.manifest;
    const kept = this.#revocations.filter(
      ({ revocation }) => revocation.stateEpoch === stateEpoch && revocation.revision > revision,
    );
    await this.#store.accept({
      envelope: Buffer.from(signedEnvelopeCodec.encode(change.envelope)),
      full: change.mode === 'full',
      removed: change.removed,
      entries: change.entries.map(({ key, body }) => ({ key, body: Buffer.from(body) })),
      revokes: kept.map(({ envelope }) => envelope),
    });
    this.#revocations = kept;
    this.#highWater.save({ accepted: { stateEpoch, revision } });
  }

  #next<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#work.then(step);
    this.#work = done.catch(() => undefined);
    return done;
  }
}

function isExplained({ manifest }: StateChange, held: AgentMemory['held']): boolean {
  if (held === undefined) return true;
  return manifest.explainedFrom <= held.revision && manifest.stateEpoch === held.stateEpoch;
}
