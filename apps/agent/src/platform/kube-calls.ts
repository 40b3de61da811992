import type { CallReport } from '@ambit/kube';
import type { ClockInterval } from '../clock/clock-interval.ts';
import type { AgentMeters } from './observation.ts';

/** A step of the upper end of the time, in milliseconds, from which ends have to be looked at anew. */
const jumpMs = 1_000;

/** What every call to the API server tells besides its answer: that it was made, and what time it is over there. */
export class KubeCalls {
  readonly #meters: Pick<AgentMeters, 'kubeRequests'>;
  readonly #now: () => number;
  #clock: ClockInterval | undefined;
  #jumped: (() => void) | undefined;
  /** The last Date that came before there was a clock to feed. */
  #early: { readonly time: number; readonly at: number } | undefined;

  constructor(meters: Pick<AgentMeters, 'kubeRequests'>, now: () => number) {
    this.#meters = meters;
    this.#now = now;
  }

  /** The clock to feed, and whom to tell when it jumps ahead. */
  feed(clock: ClockInterval, jumped: () => void): void {
    this.#clock = clock;
    this.#jumped = jumped;
    if (this.#early !== undefined) clock.heardKubernetes(this.#early.time, this.#early.at);
  }

  take({ verb, status, serverTime }: CallReport): void {
    this.#meters.kubeRequests.inc({ verb, code: String(status) });
    if (serverTime === undefined) return;
    if (this.#clock === undefined) {
      this.#early = { time: serverTime, at: this.#now() };
      return;
    }
    const before = this.#clock.now().high;
    this.#clock.heardKubernetes(serverTime);
    if (this.#clock.now().high - before > jumpMs) this.#jumped?.();
  }
}
