import type { Millis } from '@ambit/kernel';
import type { Timers } from '@ambit/kube';
import type { ObjectKey } from '@ambit/rbac';
import type { ClockInterval } from '../clock/clock-interval.ts';
import { EndTimer } from './end-timer.ts';
import type { KnownObjects } from './known-objects.ts';
import type { ObjectDriver } from './object-driver.ts';
import type { ObjectJudge } from './object-judge.ts';
import type { WantedState } from './wanted-state.ts';

export interface EndEnforcerOptions {
  readonly clock: ClockInterval;
  readonly wanted: WantedState;
  readonly judge: ObjectJudge;
  readonly known: KnownObjects;
  readonly driver: ObjectDriver;
  readonly timers: Timers;
}

/**
 * Sees to it that ends are enforced and starts are kept at their time. Before a state is loaded and every list is
 * complete it goes by what the objects and the agent's own inventory say of their ends; beside the state while that may be old.
 */
export class EndEnforcer {
  readonly #options: EndEnforcerOptions;
  readonly #timer: EndTimer;

  constructor(options: EndEnforcerOptions) {
    this.#options = options;
    const { clock, timers } = options;
    this.#timer = new EndTimer({
      timers,
      now: () => clock.now(),
      next: () => this.#untilNext(),
      due: () => this.#enforce(),
    });
  }

  /** What has ended while nobody ran is ended now: no list has to be complete for that. */
  start(): void {
    this.#enforce();
    this.#timer.plan();
  }

  stop(): void {
    this.#timer.stop();
  }

  /** What is wanted changed, or what stands there. */
  plan(): void {
    this.#timer.plan();
  }

  /** An object was seen. What has ended by now is taken away by whoever looks at it. */
  seen(key: ObjectKey): void {
    const { judge, known, clock } = this.#options;
    const end = known.observed.end(key);
    if (judge.heedsNotedEnds && end !== undefined) this.#timer.include(end - clock.now().high);
  }

  clockChanged(): void {
    this.#timer.clockChanged();
  }

  /** Takes the time of now; what changes by it. */
  moveClock(): Set<ObjectKey> {
    return this.#options.wanted.setTime(this.#options.clock.now());
  }

  /** Ends that were enforced by a clock that was wrong are judged anew; what changes by it. */
  reopen(): Set<ObjectKey> {
    return this.#options.wanted.reopenEnds(this.#options.clock.now());
  }

  #untilNext(): Millis | undefined {
    const { judge, wanted, known, clock } = this.#options;
    // A timer may fire a little early: what ended since would have no timer any more, so it is looked at here too.
    this.#enforce();
    const deadline = wanted.untilNextDeadline();
    if (!judge.heedsNotedEnds) return deadline;
    const { high } = clock.now();
    const ends = [known.observed.nextEnd(high), known.inventory.nextEnd(high)];
    const waits = ends.map((end) => (end ?? Infinity) - high);
    const next = Math.min(...waits, deadline ?? Infinity);
    return next === Infinity ? undefined : next;
  }

  #enforce(): void {
    const { judge, driver, known, clock } = this.#options;
    const touched = this.moveClock();
    if (judge.open) driver.changed(touched);
    if (!judge.heedsNotedEnds) return;
    const { high } = clock.now();
    driver.lookAll(known.observed.ended(high));
    const noted = this.#mayHaveEnded(high);
    driver.lookFor(noted.filter((key) => !known.has(key)));
    driver.lookAll(noted.filter((key) => known.has(key)));
  }

  /** By the inventory, which may be a moment behind the objects, or by a state that gives them no longer. */
  #mayHaveEnded(high: Millis): ObjectKey[] {
    const { wanted, known, judge } = this.#options;
    const ended = known.inventory.ended(high);
    if (!wanted.isLoaded || judge.open) return ended;
    const temporary = known.inventory.ended(Infinity);
    return [...new Set([...ended, ...temporary.filter((key) => !wanted.mayStillGive(key))])];
  }
}
