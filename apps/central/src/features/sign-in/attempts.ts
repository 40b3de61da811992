import { forgetAttempts, giveBackAttempt, takeAttempt } from '@ambit/persistence';
import type { Sql } from '@ambit/persistence';
import type { Clock } from '@ambit/kernel';
import { hash } from 'node:crypto';
import { networkOf } from '../../platform/client-address.ts';

export interface Attempt {
  /** What is guessed at, such as the name of an account. It need not exist. */
  readonly what: string;
  readonly address: string;
  /** True for what is guessed at from many networks too. */
  readonly everywhere?: true;
}

/** An attempt to sign in as somebody. */
export const signInAttempt = (name: string, address: string): Attempt => ({
  what: `account ${name}`,
  address,
  everywhere: true,
});

/**
 * Attempts in a row that wait for nothing: people mistype, and many sit behind one address. Who tries from one network makes
 * nobody wait in another one; only guesses from many networks, within one hour, do.
 */
const free = { here: 5, address: 20, everywhere: 100 } as const;

/**
 * Attempts at passwords and codes, counted before they are looked at, by what they are for and by where they come from, in the
 * database: restarts and other replicas know of them.
 */
export class Attempts {
  readonly #sql: Sql;
  readonly #clock: Clock;

  constructor(sql: Sql, clock: Clock) {
    this.#sql = sql;
    this.#clock = clock;
  }

  /** Seconds to wait before this may be tried at all; undefined: go on. */
  async take(attempt: Attempt): Promise<number | undefined> {
    const { address, here, everywhere } = this.#keysOf(attempt);
    return (
      (await takeAttempt(this.#sql, { key: address, free: free.address })) ??
      (await takeAttempt(this.#sql, { key: here, free: free.here })) ??
      // The last one: what has to wait in its own network takes nothing from the others.
      (everywhere && (await takeAttempt(this.#sql, { key: everywhere, free: free.everywhere })))
    );
  }

  /** It was right. Who knows one password gets no more guesses at others by it, so the address does not begin anew. */
  async right(attempt: Attempt): Promise<void> {
    const { address, here, everywhere } = this.#keysOf(attempt);
    await forgetAttempts(this.#sql, here);
    if (everywhere !== undefined) await forgetAttempts(this.#sql, everywhere);
    await giveBackAttempt(this.#sql, address);
  }

  #keysOf({ what, address, everywhere }: Attempt): Keys {
    const network = networkOf(address);
    const keys = {
      address: keyOf('address', network),
      here: keyOf('what', `${what} from ${network}`),
    };
    if (everywhere === undefined) return keys;
    // Begins anew each hour, so that slow guesses from few networks never add up.
    const hour = Math.floor(this.#clock.now() / 3_600_000);
    return { ...keys, everywhere: keyOf('everywhere', `${what} in ${hour}`) };
  }
}

interface Keys {
  readonly address: Buffer;
  readonly here: Buffer;
  readonly everywhere?: Buffer;
}

const keyOf = (kind: string, text: string): Buffer => hash('sha256', `${kind} ${text}`, 'buffer');
