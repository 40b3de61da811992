import { fullJitter } from '@ambit/kernel';
import type { Millis, Random } from '@ambit/kernel';
import type { ObjectKey } from '@ambit/rbac';

const removals = { baseMs: 500, capMs: 5_000 };
const others = { baseMs: 500, capMs: 60_000 };
const shortestMs: Millis = 50;
/** What the API server refused is tried again after this time, or as soon as something changes. */
const refusedEveryMs: Millis = 600_000;
/** Somebody who is faster that often in a row is given way to for a while. */
const conflictsInARow = 5;

interface Waiting {
  readonly timer: NodeJS.Timeout;
  /** What failed takes access away. */
  readonly removal: boolean;
}

/** When a write that failed is tried again, object by object. A removal is never given up and never waits over 5 s. */
export class WriteRetries {
  readonly #waiting = new Map<ObjectKey, Waiting>();
  readonly #attempts = new Map<ObjectKey, number>();
  readonly #conflicts = new Map<ObjectKey, number>();
  readonly #again: (key: ObjectKey) => void;
  readonly #random: Random;

  constructor(again: (key: ObjectKey) => void, random: Random) {
    this.#again = again;
    this.#random = random;
  }

  /** Tries again with growing waits; `atLeastMs` is what the API server asked for. */
  later(key: ObjectKey, removal: boolean, atLeastMs: Millis = 0): void {
    const attempt = this.#attempts.get(key) ?? 0;
    this.#attempts.set(key, attempt + 1);
    const shape = removal ? removals : others;
    const asked = Math.min(atLeastMs, shape.capMs);
    const wait = Math.max(fullJitter(shape, attempt, this.#random), asked, shortestMs);
    this.#wait(key, removal, wait);
  }

  /** Tries again in a long while. */
  muchLater(key: ObjectKey): void {
    this.#wait(key, false, refusedEveryMs);
  }

  /** Tries again after exactly this time. */
  after(key: ObjectKey, wait: Millis): void {
    this.#wait(key, false, wait);
  }

  /** Notes that somebody was faster; true when it is better to wait than to try again at once. */
  conflicted(key: ObjectKey): boolean {
    const count = (this.#conflicts.get(key) ?? 0) + 1;
    this.#conflicts.set(key, count);
    return count % conflictsInARow === 0;
  }

  /** It went through, or is no longer wanted, or something changed. */
  clear(key: ObjectKey): void {
    clearTimeout(this.#waiting.get(key)?.timer);
    this.#waiting.delete(key);
    this.#attempts.delete(key);
    this.#conflicts.delete(key);
  }

  /** True when the object has to wait; what takes access away does not wait behind what failed to give it. */
  isWaiting(key: ObjectKey, removal: boolean): boolean {
    const waiting = this.#waiting.get(key);
    return waiting !== undefined && (waiting.removal || !removal);
  }

  /** Everything that waits is tried now. */
  flush(): void {
    for (const key of Array.from(this.#waiting.keys())) this.#fire(key);
  }

  /** Tries this one now, if it waits. */
  fire(key: ObjectKey): void {
    if (this.#waiting.has(key)) this.#fire(key);
  }

  stop(): void {
    for (const { timer } of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
  }

  #wait(key: ObjectKey, removal: boolean, wait: Millis): void {
    clearTimeout(this.#waiting.get(key)?.timer);
    const timer = setTimeout(() => this.#fire(key), wait).unref();
    this.#waiting.set(key, { timer, removal });
  }

  #fire(key: ObjectKey): void {
    clearTimeout(this.#waiting.get(key)?.timer);
    this.#waiting.delete(key);
    this.#again(key);
  }
}
