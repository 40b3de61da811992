import type { Millis } from '@ambit/kernel';
import type { StateChange } from '@ambit/protocol';
import type { Ceiling, Mask, ObjectKey } from '@ambit/rbac';
import { systemTimers } from '../platform/timers.ts';
import type { AppliedListener } from './apply-tracker.ts';
import type { ClusterFacts } from './cluster-facts.ts';
import { composeReconciler } from './compose-reconciler.ts';
import type { ReconcilerParts } from './compose-reconciler.ts';
import type { Reconciler, ReconcileStatus, UnexplainedStep } from './ports.ts';
import type { ClusterReconcilerOptions } from './reconciler-options.ts';

const resyncEveryMs: Millis = 600_000;

/**
 * The loop of the agent: what is wanted, what stands there, and one write at a time per object until they agree.
 * Nothing is written before a state is loaded and every list is complete, except that what ends, ends.
 */
export class ClusterReconciler implements Reconciler {
  readonly #options: ClusterReconcilerOptions;
  readonly #parts: ReconcilerParts;
  #loaded = false;
  #stopped = false;
  #resync: (() => void) | undefined;

  constructor(options: ClusterReconcilerOptions) {
    this.#options = options;
    this.#parts = composeReconciler(options, () => this.#check());
  }

  get facts(): ClusterFacts {
    return this.#parts.cluster.facts;
  }

  /** Kinds whose first list is not complete. */
  get missingLists(): readonly string[] {
    return this.#parts.cluster.missingLists;
  }

  async start(): Promise<void> {
    const { cluster, ends } = this.#parts;
    ends.start();
    cluster.start({
      changed: (keys) => this.#changed(keys),
      listed: () => this.#openWhenReady(),
      seen: (key) => ends.seen(key),
    });
    this.#resyncLater();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#resync?.();
    const { driver, ends, cluster, revisions } = this.#parts;
    revisions.stop();
    ends.stop();
    await Promise.all([driver.stop(), cluster.stop()]);
    await this.#options.inventory.flush();
  }

  accept(change: StateChange, steps: readonly UnexplainedStep[] = []): void {
    const { judge, revisions } = this.#parts;
    const { tracker } = revisions;
    const wasHeld = judge.additionsHeld;
    judge.additionsHeld = false;
    const touched = this.#takeOver(change, steps);
    tracker.accept(change.manifest.revision);
    tracker.expect(touched);
    if (wasHeld) tracker.expect(this.#everyKey());
    this.#apply(wasHeld ? this.#everyKey() : touched);
    this.#check();
  }

  acceptRemovals(change: StateChange, steps: readonly UnexplainedStep[] = []): void {
    this.#parts.judge.additionsHeld = true;
    this.#apply(this.#takeOver(change, steps));
  }

  holdGains(): void {
    this.#parts.wanted.holdUnknownGains();
  }

  mask(masks: readonly Mask[]): void {
    this.#changed(this.#parts.wanted.mask(masks));
  }

  setCeiling(ceiling: Ceiling): void {
    const { judge, cluster, wanted, driver, revisions } = this.#parts;
    judge.ceiling = ceiling;
    cluster.facts.setCeiling(ceiling);
    const message = 'The owner of the cluster changed the ceiling';
    this.#options.audit.record({ type: 'ceiling.changed', message });
    this.#changed(wanted.setCeiling(ceiling));
    // Rights of the agent often change along with the ceiling, and so does what is kept from us.
    driver.hurry();
    this.#lookAtAll();
    revisions.tellRefusals();
    void cluster.readAllowedRoles();
  }

  /** A clock was heard: ends that have come by it are enforced now. */
  clockChanged(): void {
    this.#parts.ends.clockChanged();
  }

  clockHealed(): void {
    this.#changed(this.#parts.ends.reopen());
  }

  releaseRemovals(): void {
    this.#changed(this.#parts.held.releaseRemovals());
  }

  releaseGains(): void {
    this.#changed(this.#parts.held.releaseGains());
    this.#lookAtAll();
  }

  resync(): void {
    this.#parts.cluster.relist();
    this.#parts.driver.hurry();
    this.#lookAtAll();
  }

  onApplied(listener: AppliedListener): void {
    this.#parts.revisions.onApplied(listener);
  }

  status(): ReconcileStatus {
    const { revisions, judge } = this.#parts;
    return revisions.status(judge.open);
  }

  #takeOver(change: StateChange, steps: readonly UnexplainedStep[]): Set<ObjectKey> {
    const { wanted, ends, held } = this.#parts;
    const first = !this.#loaded;
    this.#loaded = true;
    const touched = ends.moveClock();
    for (const key of wanted.accept(change, steps)) touched.add(key);
    // What was held before a restart was told then.
    if (steps.length > 0 && !first) held.tell();
    return touched;
  }

  #apply(touched: Iterable<ObjectKey>): void {
    if (this.#parts.judge.open) this.#changed(touched);
    else this.#openWhenReady();
  }

  #openWhenReady(): void {
    const { judge, wanted, held, revisions } = this.#parts;
    if (judge.open || !this.#loaded || this.missingLists.length > 0 || this.#stopped) return;
    judge.open = true;
    wanted.listsAreComplete();
    const { revision } = revisions.tracker;
    const { logger, inventory } = this.#options;
    logger.info('reconciling begins', { wanted: wanted.size, ours: inventory.size, revision });
    held.onlyWhatStands();
    const keys = this.#everyKey();
    revisions.tracker.expect(keys);
    this.#changed(keys);
    this.#check();
  }

  #everyKey(): Set<ObjectKey> {
    const { judge, driver, wanted, journal } = this.#parts;
    const keys = [judge.knownKeys(), driver.keys(), wanted.keys(), journal.unanswered()];
    return new Set(keys.flatMap((each) => [...each]));
  }

  #lookAtAll(): void {
    this.#parts.driver.lookAll(this.#everyKey());
    this.#parts.ends.plan();
  }

  #changed(keys: Iterable<ObjectKey>): void {
    this.#parts.driver.changed(keys);
    this.#parts.revisions.wantedChanged();
    this.#parts.ends.plan();
  }

  #check(): void {
    const { judge, revisions } = this.#parts;
    if (judge.open) revisions.check();
  }

  #resyncLater(): void {
    const { random, timers = systemTimers } = this.#options;
    this.#resync = timers.after(resyncEveryMs * (0.8 + 0.4 * random()), () => {
      this.#lookAtAll();
      this.#resyncLater();
    });
  }
}
