import { AppError } from '@ambit/kernel';
import type { Clock, Logger, Millis } from '@ambit/kernel';
import { credentialName } from './actor.ts';
import type { Actor } from './actor.ts';
import type { Authenticator } from './auth.guard.ts';
import type { RevocationWatch } from './revocation-watch.ts';

/** How often the records of credentials with open calls are read again: what no feed tells is heard by that. */
const recheckMs: Millis = 1_000;
/** How long a call goes on while nobody can say that its credential still holds. */
const unconfirmedMs: Millis = 10_000;
/** Node ends longer timers at once. */
const longestTimerMs: Millis = 2 ** 30;

/** How long a call may go on. */
export interface CallLife {
  /** Aborts when the credential ends, with the `AppError` that says why, and when the caller is gone. */
  readonly ended: AbortSignal;
  /** The call is over. */
  release(): void;
}

interface OpenCall {
  readonly actor: Actor;
  readonly openedAt: Millis;
  /** When its record was last read. */
  confirmedAt: Millis;
  end(reason: AppError): void;
}

/**
 * Ends calls with the credential they were made with: in the turn in which this replica hears of a revocation, at the
 * moment the credential ends by itself, and a second later when its record says another thing than it did, such as
 * another role. Who is cut off from the database hears of none of these, so its calls end too, a while later.
 */
export class CredentialWatch {
  readonly #authenticator: Pick<Authenticator, 'recheck'>;
  readonly #revocations: RevocationWatch;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #open = new Set<OpenCall>();
  #timer: NodeJS.Timeout | undefined;
  #checking = false;

  constructor(
    authenticator: Pick<Authenticator, 'recheck'>,
    revocations: RevocationWatch,
    { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  ) {
    this.#authenticator = authenticator;
    this.#revocations = revocations;
    this.#clock = clock;
    this.#logger = logger;
  }

  open(actor: Actor): CallLife {
    const ending = new AbortController();
    const now = this.#clock.monotonic();
    const call: OpenCall = {
      actor,
      openedAt: now,
      confirmedAt: now,
      end: (reason) => ending.abort(reason),
    };
    this.#open.add(call);
    if (this.#timer === undefined) this.#plan();
    const unwatch = this.#revocations.watch(actor.credential.uid, () => call.end(revoked(actor)));
    const cancelEnd = this.#endAt(actor, () => call.end(expired(actor)));
    return {
      ended: ending.signal,
      release: () => {
        unwatch();
        cancelEnd();
        this.#open.delete(call);
        ending.abort(new AppError('timed_out', 'The caller is gone.'));
      },
    };
  }

  #endAt({ expiresAt }: Actor, end: () => void): () => void {
    if (expiresAt === undefined) return () => undefined;
    let timer: NodeJS.Timeout | undefined;
    const arm = (): void => {
      const left = expiresAt - this.#clock.now();
      if (left <= 0) end();
      else timer = setTimeout(arm, Math.min(left, longestTimerMs)).unref();
    };
    arm();
    return () => clearTimeout(timer);
  }

  #plan(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#endUnconfirmed();
      // One at a time, and never waited for: a database that is cut off may not answer at all.
      if (!this.#checking) void this.#checkAgain();
      if (this.#open.size > 0) this.#plan();
    }, recheckMs).unref();
  }

  #endUnconfirmed(): void {
    const oldest = this.#clock.monotonic() - unconfirmedMs;
    for (const call of this.#open) if (call.confirmedAt < oldest) call.end(unconfirmed(call.actor));
  }

  async #checkAgain(): Promise<void> {
    this.#checking = true;
    try {
      await this.#readAgain();
    } catch (error) {
      this.#logger.warn('credentials cannot be read again', { error });
    } finally {
      this.#checking = false;
    }
  }

  /** One statement whatever the number of calls, and none while no call is older than a moment. */
  async #readAgain(): Promise<void> {
    const now = this.#clock.monotonic();
    const before = now - recheckMs / 2;
    const calls = Array.from(this.#open).filter(({ openedAt }) => openedAt < before);
    if (calls.length === 0) return;
    const refusalOf = await this.#authenticator.recheck(calls.map(({ actor }) => actor));
    for (const call of calls) {
      const refusal = refusalOf(call.actor);
      if (refusal === undefined) call.confirmedAt = now;
      else call.end(refusal);
    }
  }
}

const revoked = (actor: Actor): AppError =>
  new AppError('token_revoked', `The ${credentialName(actor)} was revoked.`);

const expired = (actor: Actor): AppError =>
  new AppError('token_expired', `The ${credentialName(actor)} has ended.`);

const unconfirmed = (actor: Actor): AppError =>
  new AppError(
    'database_unavailable',
    `Whether the ${credentialName(actor)} still holds is not known.`,
    {
      why: 'The database does not answer here, so a revocation would not be heard of.',
      hint: 'Call again in a moment, or ask another replica; a stream goes on after its last id.',
    },
  );
