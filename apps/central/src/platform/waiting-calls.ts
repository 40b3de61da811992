import { AppError } from '@ambit/kernel';
import type { CentralSettings } from '../config.ts';
import { credentialName } from './actor.ts';
import type { Actor } from './actor.ts';

type Caps = Pick<CentralSettings, 'waitingCalls' | 'waitingCallsPerToken'>;

const retryAfterSeconds = 10;

/** Counts the calls that wait or stream in this process, so that no caller takes all there is. */
export class WaitingCalls {
  readonly #caps: Caps;
  readonly #byToken = new Map<string, number>();
  readonly #changed: (total: number) => void;
  #total = 0;

  /** `changed` is told the number of all after each change. */
  constructor(caps: Caps, changed: (total: number) => void) {
    this.#caps = caps;
    this.#changed = changed;
  }

  /** A place for one call, and the function that gives it back. Throws `too_many_streams`. */
  take(actor: Actor): () => void {
    const { waitingCalls, waitingCallsPerToken } = this.#caps;
    const { uid } = actor.credential;
    const own = this.#byToken.get(uid) ?? 0;
    if (own >= waitingCallsPerToken)
      throw tooMany(
        `The ${credentialName(actor)} has ${own} calls open that wait or follow events.`,
        `One token may have ${waitingCallsPerToken}: close some, or raise waitingCallsPerToken.`,
      );
    if (this.#total >= waitingCalls)
      throw tooMany(
        `Central has ${this.#total} calls open that wait or follow events, and takes no more.`,
        'Try again later, ask another replica, or raise waitingCalls.',
      );
    this.#byToken.set(uid, own + 1);
    this.#changed((this.#total += 1));
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const left = (this.#byToken.get(uid) ?? 1) - 1;
      if (left === 0) this.#byToken.delete(uid);
      else this.#byToken.set(uid, left);
      this.#changed((this.#total -= 1));
    };
  }
}

function tooMany(message: string, hint: string): AppError {
  return new AppError('too_many_streams', message, { hint, details: { retryAfterSeconds } });
}
