import { forgetAttempts, giveBackAttempt, takeAttempt } from '@ambit/persistence';
import type { Sql } from '@ambit/persistence';
import { hash } from 'node:crypto';
import { networkOf } from '../../platform/client-address.ts';

export interface Attempt {
  /** What is guessed at, such as the name of an account. It need not exist. */
  readonly what: string;
  readonly address: string;
}

/** An attempt to sign in as somebody. */
export const signInAttempt = (name: string, address: string): Attempt => ({
  what: `account ${name}`,
  address,
});

/** Attempts in a row that wait for nothing: people mistype, and many sit behind one address. */
const free = { what: 5, address: 20 } as const;

/**
 * Attempts at passwords and codes, counted before they are looked at, by what they are for and by where they come from, in the
 * database: restarts and other replicas know of them.
 */
export class Attempts {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Seconds to wait before this may be tried at all; undefined: go on. */
  async take({ what, address }: Attempt): Promise<number | undefined> {
    const ofAddress = { key: keyOf('address', networkOf(address)), free: free.address };
    return (
      (await takeAttempt(this.#sql, ofAddress)) ??
      (await takeAttempt(this.#sql, { key: keyOf('what', what), free: free.what }))
    );
  }

  /** It was right. Who knows one password gets no more guesses at others by it, so the address does not begin anew. */
  async right({ what, address }: Attempt): Promise<void> {
    await forgetAttempts(this.#sql, keyOf('what', what));
    await giveBackAttempt(this.#sql, keyOf('address', networkOf(address)));
  }
}

const keyOf = (kind: string, text: string): Buffer => hash('sha256', `${kind} ${text}`, 'buffer');
