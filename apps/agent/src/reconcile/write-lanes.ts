import type { Millis } from '@ambit/kernel';
import type { Timers } from '@ambit/kube';
import type { Lane, ObjectKey } from '@ambit/rbac';

/** Of removals alone. They take free ones of the others beside, and of those at most half when something waits for them. */
const revokeSlots = 4;
const fewest = 8;
const first = 16;
const most = 64;
/** A removal waits for its replacement for one attempt, and no longer than this. */
const replacedWaitMs: Millis = 10_000;
/** Bindings let roles go first for so long: one role that hangs may not hold up every binding. */
const rolesFirstMs: Millis = 1_000;
const stopWithinMs: Millis = 5_000;

const lanes = ['P0', 'P1', 'P2', 'P3'] as const satisfies readonly Lane[];

export interface Turn {
  /** What is to be done about an object; must not reject. */
  readonly run: (key: ObjectKey) => Promise<void>;
  /** Its lane let go of it. */
  readonly landed?: (key: ObjectKey) => void;
}

/**
 * Which object is written next. Removals and narrowings have slots of their own, so that a wall of failing creates
 * never keeps one waiting; roles come before bindings; what is merely replaced goes when its replacement was tried.
 * The number of other writes in flight follows what the API server bears.
 */
export class WriteLanes {
  readonly #turn: Turn;
  readonly #clock: Timers;
  /** Keys that wait, and since when. */
  readonly #queues: Readonly<Record<Lane, Map<ObjectKey, Millis>>> = {
    P0: new Map(),
    P1: new Map(),
    P2: new Map(),
    P3: new Map(),
  };
  readonly #flying: Record<Lane, number> = { P0: 0, P1: 0, P2: 0, P3: 0 };
  readonly #busy = new Set<ObjectKey>();
  #rolesFirstUntil: Millis = 0;
  #limit = first;
  /** The API server has asked for less before: from then on the way up is slow. */
  #warned = false;
  #due = false;
  #stopped = false;
  #idle: (() => void) | undefined;
  #wakeUp: (() => void) | undefined;

  constructor(turn: Turn, clock: Timers) {
    this.#turn = turn;
    this.#clock = clock;
  }

  /** Puts a key into its lane, out of any other. Nothing starts before the caller's turn ends, so that all of a change is compared before its first write. */
  enqueue(key: ObjectKey, lane: Lane): void {
    if (!this.#queues[lane].has(key)) {
      this.forget(key);
      this.#queues[lane].set(key, this.#clock.monotonic());
    }
    this.#pumpSoon();
  }

  forget(key: ObjectKey): void {
    for (const lane of lanes) this.#queues[lane].delete(key);
  }

  isBusy(key: ObjectKey): boolean {
    return this.#busy.has(key);
  }

  /** A write went through. */
  went(): void {
    this.#limit = Math.min(most, this.#limit + (this.#warned ? 1 / this.#limit : 1));
  }

  /** The API server asked for less (429, 503). */
  tooFast(): void {
    this.#warned = true;
    this.#limit = Math.max(fewest, this.#limit / 2);
  }

  /** Starts nothing more; resolves when what is in flight has landed, after five seconds at the latest. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wakeUp?.();
    if (this.#busy.size === 0) return;
    await new Promise<void>((resolve) => {
      const callOff = this.#clock.after(stopWithinMs, resolve);
      this.#idle = () => {
        callOff();
        resolve();
      };
    });
  }

  #pumpSoon(): void {
    if (this.#due || this.#stopped) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#stopped) return;
    while (this.#hasSlotForRemoval() && this.#startRemoval());
    while (this.#hasSharedSlot() && this.#startOther());
    this.#wakeUpForWaiting();
  }

  #startRemoval(): boolean {
    return this.#start('P0', 'P0') || (this.#waitedLong() && this.#start('P3', 'P0'));
  }

  #startOther(): boolean {
    if (this.#start('P1', 'P1')) {
      this.#rolesFirstUntil = this.#clock.monotonic() + rolesFirstMs;
      return true;
    }
    if (this.#flying.P1 > 0 && this.#clock.monotonic() < this.#rolesFirstUntil) return false;
    if (this.#start('P2', 'P2')) return true;
    return this.#everythingTried() && this.#start('P3', 'P3');
  }

  #hasSlotForRemoval(): boolean {
    const beside = this.#flying.P0 - revokeSlots;
    if (beside < 0) return true;
    const { P1, P2, P3 } = this.#queues;
    const share = P1.size + P2.size + P3.size === 0 ? 1 : 0.5;
    return beside < Math.floor(this.#limit * share) && this.#hasSharedSlot();
  }

  #hasSharedSlot(): boolean {
    const { P0, P1, P2, P3 } = this.#flying;
    return P1 + P2 + P3 + Math.max(0, P0 - revokeSlots) < Math.floor(this.#limit);
  }

  #everythingTried(): boolean {
    const { P1, P2 } = this.#queues;
    return this.#flying.P1 + this.#flying.P2 + P1.size + P2.size === 0;
  }

  #waitedLong(): boolean {
    const [since] = this.#queues.P3.values();
    return since !== undefined && this.#clock.monotonic() - since >= replacedWaitMs;
  }

  #wakeUpForWaiting(): void {
    if (this.#queues.P2.size + this.#queues.P3.size === 0) return;
    this.#wakeUp ??= this.#clock.after(rolesFirstMs, () => {
      this.#wakeUp = undefined;
      this.#pump();
    });
  }

  #start(from: Lane, as: Lane): boolean {
    for (const key of this.#queues[from].keys()) {
      if (this.#busy.has(key)) continue;
      this.#queues[from].delete(key);
      this.#busy.add(key);
      this.#flying[as] += 1;
      void this.#turn.run(key).finally(() => this.#landed(key, as));
      return true;
    }
    return false;
  }

  #landed(key: ObjectKey, lane: Lane): void {
    this.#busy.delete(key);
    this.#flying[lane] -= 1;
    if (this.#busy.size === 0) this.#idle?.();
    this.#turn.landed?.(key);
    this.#pumpSoon();
  }
}
