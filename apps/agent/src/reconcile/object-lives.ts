import type { Millis, Random } from '@ambit/kernel';
import type { Timers } from '@ambit/kube';
import { atRest, nextLife } from '@ambit/rbac';
import type { LifeEffect, LifeEvent, ObjectKey, ObjectLife, WaitReason } from '@ambit/rbac';

export interface ObjectLivesOptions {
  readonly timers: Timers;
  readonly random: Random;
  /** The life of an object; another one than that of `@ambit/rbac` only to try what a fault in it would do. */
  readonly next?: typeof nextLife | undefined;
}

/** The lives of the objects that are not at rest, and the one timer of each that waits. */
export class ObjectLives {
  readonly #options: ObjectLivesOptions;
  readonly #lives = new Map<ObjectKey, ObjectLife>();
  /** Of those that wait for something: few, where ten thousand are due. */
  readonly #waiting = new Set<ObjectKey>();
  readonly #armed = new Map<ObjectKey, () => void>();

  constructor(options: ObjectLivesOptions) {
    this.#options = options;
  }

  get(key: ObjectKey): ObjectLife {
    return this.#lives.get(key) ?? atRest;
  }

  /** Of every object that something has to be remembered of, as it is now. */
  all(): [ObjectKey, ObjectLife][] {
    return Array.from(this.#lives);
  }

  /** Objects that wait for one of these reasons. */
  waiting(why: readonly WaitReason[]): ObjectKey[] {
    return Array.from(this.#waiting).filter((key) => {
      const { wait } = this.get(key);
      return wait !== undefined && why.includes(wait.why);
    });
  }

  /** Something happens to an object; what has to be done because of it. */
  step(key: ObjectKey, event: LifeEvent): readonly LifeEffect[] {
    const { timers, random, next = nextLife } = this.#options;
    const moment = { at: timers.monotonic(), chance: random() };
    const { life, effects } = next(this.get(key), event, moment);
    if (life === atRest) this.#lives.delete(key);
    else this.#lives.set(key, life);
    if (life.wait === undefined) this.#waiting.delete(key);
    else this.#waiting.add(key);
    return effects;
  }

  /** Calls back once after this time, instead of whatever was armed for the object before. */
  arm(key: ObjectKey, ms: Millis, fire: () => void): void {
    this.disarm(key);
    const callOff = this.#options.timers.after(ms, () => {
      this.#armed.delete(key);
      fire();
    });
    this.#armed.set(key, callOff);
  }

  disarm(key: ObjectKey): void {
    this.#armed.get(key)?.();
    this.#armed.delete(key);
  }

  stop(): void {
    for (const callOff of this.#armed.values()) callOff();
    this.#armed.clear();
  }
}
