import { performance } from 'node:perf_hooks';
import type { Millis } from '@ambit/kernel';

/** A moment, and for how long until then the event loop had work: two of them give its share in between. */
export interface LoopTime {
  readonly at: Millis;
  readonly busy: Millis;
}

const measureOverMs: Millis = 100;
/** Up to this share of work handshakes come at full pace, above they slow down evenly. */
const easy = 0.3;
const crowded = 0.9;
/** Of full pace: agents that come back all at once are a crowd too, and must get in. */
const slowest = 0.25;

/** How long this process' event loop had work since it began. */
export function loopTime(): LoopTime {
  return { at: performance.now(), busy: performance.eventLoopUtilization().active };
}

/**
 * How many handshakes may begin now. What one costs depends on the machine, so the pace follows what the event loop has
 * left: a flood of strangers takes what nobody else needs, and little more.
 */
export class HandshakePace {
  readonly #perSecond: number;
  readonly #time: () => LoopTime;
  #filledAt: Millis;
  #measured: LoopTime;
  #share = 1;
  #due = 0;

  constructor(perSecond: number, time: () => LoopTime = loopTime) {
    this.#perSecond = perSecond;
    this.#time = time;
    this.#measured = time();
    this.#filledAt = this.#measured.at;
  }

  /** True when one may begin, which is counted. */
  take(): boolean {
    this.#fill();
    if (this.#due < 1) return false;
    this.#due--;
    return true;
  }

  /** What is due in 50 ms may come at once: more would be a burst of nothing but handshakes, which everybody else feels. */
  #fill(): void {
    const now = this.#time();
    this.#measure(now);
    const perSecond = this.#perSecond * this.#share;
    const gained = ((now.at - this.#filledAt) / 1_000) * perSecond;
    this.#due = Math.min(Math.max(1, perSecond / 20), this.#due + gained);
    this.#filledAt = now.at;
  }

  #measure(now: LoopTime): void {
    const elapsed = now.at - this.#measured.at;
    if (elapsed < measureOverMs) return;
    const busy = (now.busy - this.#measured.busy) / elapsed;
    const left = Math.min(1, Math.max(0, (crowded - busy) / (crowded - easy)));
    this.#share = slowest + (1 - slowest) * left;
    this.#measured = now;
  }
}
