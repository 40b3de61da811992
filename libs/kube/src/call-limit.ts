import type { Millis } from '@ambit/kernel';
import { localError } from './kube-error.ts';
import type { KubeError } from './kube-error.ts';
import { platformTimers } from './timers.ts';
import type { Timers } from './timers.ts';

/**
 * When a call ends without an answer, and why: `TimedOut` after so many milliseconds, `Aborted` when whoever asked calls
 * it off. Every write has one: it is lighter than the platform's signals, of which a call would need several.
 */
export class CallLimit {
  readonly #listeners = new Set<() => void>();
  readonly #outer: AbortSignal | undefined;
  readonly #abort: () => void;
  readonly #callOff: () => void;
  readonly #timers: Timers;
  readonly #timeOut: () => void;
  readonly #until: Millis;
  readonly #left: (() => Millis) | undefined;
  #reason: KubeError | undefined;

  /** `left` says how many milliseconds it still has, whatever clock that goes by: 0 or less ends it at the next look. */
  constructor(
    limit: Millis,
    outer?: AbortSignal,
    timers: Timers = platformTimers,
    left?: () => Millis,
  ) {
    this.#outer = outer;
    this.#left = left;
    this.#abort = () => this.#end(localError('Aborted', 'the call was called off'));
    this.#timers = timers;
    this.#until = timers.monotonic() + limit;
    this.#timeOut = () =>
      this.#end(localError('TimedOut', `the API server did not answer within ${limit} ms`));
    this.#callOff = timers.after(limit, this.#timeOut);
    if (outer?.aborted === true) this.#abort();
    outer?.addEventListener('abort', this.#abort, { once: true });
  }

  /** Why it has ended; undefined while it has not. */
  get reason(): KubeError | undefined {
    return this.#reason;
  }

  /** Ends it now when its time is over, before its timer says so: of a process that was stopped, timers run late. */
  look(): KubeError | undefined {
    if (this.#timers.monotonic() >= this.#until || (this.#left?.() ?? Infinity) <= 0)
      this.#timeOut();
    return this.#reason;
  }

  /** Calls back once when it ends, in the turn in which it does. Returns the function that forgets the listener. */
  onEnd(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The call is over: nothing ends it any more. */
  done(): void {
    this.#callOff();
    this.#outer?.removeEventListener('abort', this.#abort);
    this.#listeners.clear();
  }

  #end(reason: KubeError): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    for (const listener of this.#listeners) listener();
  }
}
