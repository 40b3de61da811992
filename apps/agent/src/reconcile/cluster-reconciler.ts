import type { Millis } from '@ambit/kernel';
import type { StateChange } from '@ambit/protocol';
import type { Ceiling, Mask, ObjectKey } from '@ambit/rbac';
import type { AppliedListener } from './apply-tracker.ts';
import type { ClusterFacts } from './cluster-facts.ts';
import { ClusterWatch } from './cluster-watch.ts';
import type { ClusterWatchHandler } from './cluster-watch.ts';
import { EndTimer } from './end-timer.ts';
import type { Reconciler, ReconcileStatus, UnexplainedStep } from './ports.ts';
import { ReconcileParts } from './reconcile-parts.ts';
import type { ClusterReconcilerOptions } from './reconciler-options.ts';
import { applyReport, CurrentReport } from './reconcile-report.ts';
import { RoleEvents } from './role-events.ts';
import { StandingAccess } from './standing-access.ts';

const resyncEveryMs: Millis = 600_000;

/**
 * The loop of the agent: what is wanted, what stands there, and one write at a time per object until they agree.
 * Nothing is written before a state is loaded and every list is complete, except that what ends, ends.
 */
export class ClusterReconciler implements Reconciler {
  readonly #options: ClusterReconcilerOptions;
  readonly #parts: ReconcileParts;
  readonly #watch: ClusterWatch;
  readonly #roles: RoleEvents;
  readonly #ends: EndTimer;
  readonly #report: CurrentReport;
  #loaded = false;
  #stopped = false;
  #resyncTimer: NodeJS.Timeout | undefined;

  constructor(options: ClusterReconcilerOptions) {
    const { client, clock, inventory, logger, random } = options;
    this.#options = options;
    this.#parts = new ReconcileParts(options, () => this.#check());
    this.#report = new CurrentReport(this.#parts);
    this.#ends = new EndTimer({
      now: () => clock.now(),
      next: () => this.#untilNextEnd(),
      due: () => this.#enforceEnds(),
    });
    this.#roles = new RoleEvents({
      parts: this.#parts,
      inventory,
      logger,
      listed: () => this.missingLists.length === 0,
      changed: (keys) => this.#changed(keys),
    });
    this.#watch = new ClusterWatch({ client, logger, random, handler: this.#handler() });
  }

  get facts(): ClusterFacts {
    return this.#parts.facts;
  }

  /** Kinds whose first list is not complete. */
  get missingLists(): readonly string[] {
    return this.#watch.missing;
  }

  async start(): Promise<void> {
    this.#watch.start();
    this.#ends.plan();
    const every = resyncEveryMs * (0.8 + 0.4 * this.#options.random());
    this.#resyncTimer = setInterval(() => this.#lookAtAll(), every).unref();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#parts.refusals.stop();
    clearInterval(this.#resyncTimer);
    this.#ends.stop();
    await Promise.all([this.#parts.loop.stop(), this.#watch.stop()]);
    await this.#options.inventory.flush();
  }

  accept(change: StateChange, steps: readonly UnexplainedStep[] = []): void {
    const { judge, tracker } = this.#parts;
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
    const { judge, facts, wanted, loop } = this.#parts;
    judge.ceiling = ceiling;
    facts.setCeiling(ceiling);
    const message = 'The owner of the cluster changed the ceiling';
    this.#options.audit.record({ type: 'ceiling.changed', message });
    this.#changed(wanted.setCeiling(ceiling));
    // Rights of the agent often change along with the ceiling, and so does what is kept from us.
    loop.hurry();
    this.#lookAtAll();
    this.#parts.refusals.look();
    void this.#roles.readAllowed();
  }

  /** A clock was heard: ends that have come by it are enforced now. */
  clockChanged(): void {
    this.#ends.clockChanged();
  }

  clockHealed(): void {
    this.#changed(this.#parts.wanted.reopenEnds(this.#options.clock.now()));
  }

  releaseRemovals(): void {
    const touched = this.#parts.wanted.releaseHeld();
    this.#options.audit.record({
      type: 'agent.removals_released',
      message: 'Removals that were held go through now',
      details: { objects: touched.size },
    });
    this.#changed(touched);
  }

  releaseGains(): void {
    const { wanted } = this.#parts;
    const details = { gains: wanted.heldGains };
    const touched = wanted.releaseGains();
    const message = 'What a raised epoch gives is given now';
    this.#options.audit.record({ type: 'agent.gains_released', message, details });
    this.#changed(touched);
    this.#lookAtAll();
  }

  resync(): void {
    this.#watch.relist();
    this.#parts.loop.hurry();
    this.#lookAtAll();
  }

  onApplied(listener: AppliedListener): void {
    this.#parts.tracker.onApplied(listener);
  }

  status(): ReconcileStatus {
    const { tracker, drift, wanted, judge } = this.#parts;
    return {
      appliedRevision: tracker.appliedRevision,
      objects: this.#options.inventory.size,
      driftRepairs: drift.total,
      heldRemovals: wanted.heldRemovals.length,
      heldGains: wanted.heldGains,
      ready: judge.open,
      report: this.#report.get(),
    };
  }

  #handler(): ClusterWatchHandler {
    const { events, facts, wanted, judge } = this.#parts;
    return {
      seen: (object) => {
        events.seen(object);
        // It may end before any state is loaded.
        if (!judge.open) this.#ends.plan();
      },
      gone: (key, uid, version) => events.gone(key, uid, version),
      roleSeen: (role) => this.#roles.seen(role),
      roleGone: (name, uid, version) => this.#roles.gone(name, uid, version),
      namespaceSeen: ({ metadata: { name, labels = {} }, status }) => {
        const namespace = { name, labels, phase: status?.phase ?? 'Active' };
        facts.setNamespace(namespace);
        this.#changed(wanted.setNamespace(namespace));
      },
      namespaceGone: (name) => {
        facts.removeNamespace(name);
        this.#changed(wanted.removeNamespace(name));
      },
      listed: () => {
        this.#roles.existingChanged();
        events.relisted();
        this.#openWhenReady();
      },
      relisted: () => {
        events.relisted();
        void this.#roles.readAllowed();
      },
    };
  }

  #takeOver(change: StateChange, steps: readonly UnexplainedStep[]): Set<ObjectKey> {
    const { wanted } = this.#parts;
    const first = !this.#loaded;
    this.#loaded = true;
    const touched = wanted.setTime(this.#options.clock.now());
    for (const key of wanted.accept(change, steps)) touched.add(key);
    // What was held before a restart was told then.
    if (steps.length > 0 && !first) this.#tellHeld();
    return touched;
  }

  #apply(touched: Iterable<ObjectKey>): void {
    if (this.#parts.judge.open) this.#changed(touched);
    else this.#openWhenReady();
  }

  #openWhenReady(): void {
    const { judge, wanted, observed, tracker } = this.#parts;
    if (judge.open || !this.#loaded || this.missingLists.length > 0 || this.#stopped) return;
    judge.open = true;
    this.#options.logger.info('reconciling begins', {
      wanted: wanted.size,
      found: observed.size,
      revision: tracker.revision,
    });
    if (wanted.heldRemovals.length > 0) {
      // They were found on the disk: by that nobody gets what is not there.
      wanted.holdOnly(new StandingAccess(observed, (key, object) => judge.ownerOf(key, object)));
    }
    const keys = this.#everyKey();
    tracker.expect(keys);
    this.#changed(keys);
    this.#check();
  }

  #everyKey(): Set<ObjectKey> {
    const { observed, wanted, notes, journal } = this.#parts;
    const known = [observed.keys(), notes.missing.keys(), wanted.keys(), journal.unanswered()];
    return new Set(known.flatMap((keys) => [...keys]));
  }

  #lookAtAll(): void {
    this.#parts.loop.lookAll(this.#everyKey());
    this.#ends.plan();
  }

  #changed(keys: Iterable<ObjectKey>): void {
    this.#parts.loop.changed(keys);
    this.#parts.refusals.changed();
    this.#ends.plan();
  }

  #check(): void {
    const { judge, tracker } = this.#parts;
    if (judge.open) tracker.check((counts) => applyReport(this.#parts, counts));
  }

  #tellHeld(): void {
    const { heldRemovals, heldGains: gains } = this.#parts.wanted;
    const { audit, logger } = this.#options;
    const removals = heldRemovals.length;
    if (removals > 0) {
      logger.warn('removals that no commit explains are held', { removals });
      const message =
        'Removals that no commit explains are held; "ambit cluster release-removals NAME" lets them through';
      audit.record({ type: 'cluster.removals_held', message, details: { removals } });
    }
    if (gains === 0) return;
    logger.warn('what a raised epoch gives is held', { gains });
    const message =
      'What a raised epoch gives is held; "ambit cluster release-gains NAME" lets it through';
    audit.record({ type: 'cluster.gains_held', message, details: { gains } });
  }

  #untilNextEnd(): Millis | undefined {
    const { judge, wanted, observed } = this.#parts;
    const now = this.#options.clock.now();
    if (judge.open) {
      this.#parts.loop.changed(wanted.setTime(now));
      return wanted.untilNextDeadline();
    }
    // A timer may fire a little early: what ended since would have no timer any more, so it is looked at here too.
    this.#parts.loop.lookAll(observed.ended(now.high));
    const next = observed.nextEnd(now.high);
    return next === undefined ? undefined : next - now.high;
  }

  #enforceEnds(): void {
    const { judge, loop, wanted, observed } = this.#parts;
    const now = this.#options.clock.now();
    const touched = wanted.setTime(now);
    if (judge.open) loop.changed(touched);
    else loop.lookAll(observed.ended(now.high));
  }
}
