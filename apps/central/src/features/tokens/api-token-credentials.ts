import { AppError } from '@ambit/kernel';
import type { Clock, Millis } from '@ambit/kernel';
import { findApiTokens, touchApiTokens } from '@ambit/persistence';
import type { ApiTokenRecord, Sql } from '@ambit/persistence';
import { parseApiToken, sameHash } from '@ambit/transport';
import type { Actor } from '../../platform/actor.ts';
import type { Authenticator } from '../../platform/auth.guard.ts';
import type { FailureLimiter } from '../../platform/failure-limiter.ts';
import { SharedLookup } from '../../platform/shared-lookup.ts';
import type { SignInFailureRecorder } from './sign-in-failures.ts';

const flushUsesMs = 30_000;

/**
 * Bearer tokens against their stored hashes. The token is looked at before anything else, so a good one is let in
 * whatever others did before; only who fails is counted, by address and by the token it names, and has to wait.
 */
export class TokenAuthenticator implements Authenticator {
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #failures: FailureLimiter;
  readonly #signIns: SignInFailureRecorder;
  readonly #lookup: SharedLookup<ApiTokenRecord>;
  readonly #used = new Map<string, Millis>();
  #flushedAt: Millis = 0;

  constructor(sql: Sql, clock: Clock, failures: FailureLimiter, signIns: SignInFailureRecorder) {
    this.#sql = sql;
    this.#clock = clock;
    this.#failures = failures;
    this.#signIns = signIns;
    // A flood of made-up tokens costs the database one statement after the other.
    this.#lookup = new SharedLookup(async (ids) => {
      const tokens = await findApiTokens(sql, ids);
      return new Map(tokens.map((token) => [token.id, token]));
    });
  }

  async authenticate(authorization: string | undefined, address: string): Promise<Actor> {
    const attempt = await this.#attempt(authorization);
    if ('refusal' in attempt) {
      this.#noteFailure(address, attempt);
      await this.#failures.failed(address, attempt.guessedId);
      throw attempt.refusal;
    }
    this.#noteUse(attempt.token.uid);
    return actorOf(attempt.token);
  }

  async recheck(actors: readonly Actor[]): Promise<(actor: Actor) => AppError | undefined> {
    const ids = [...new Set(actors.map(({ tokenId }) => tokenId))];
    const found = await findApiTokens(this.#sql, ids);
    const tokens = new Map(found.map((token) => [token.uid, token]));
    return (actor) => {
      const token = tokens.get(actor.tokenUid);
      if (token === undefined) return revoked(actor.tokenName);
      return (
        this.#refusalOf(token) ?? (token.role === actor.role ? undefined : changed(token.name))
      );
    };
  }

  /** Who shows no token at all did not try to sign in. */
  #noteFailure(address: string, { refusal, named }: Refused): void {
    if (refusal.code === 'token_missing') return;
    const token = named === undefined ? {} : { token: { id: named.id, name: named.name } };
    this.#signIns.note({ address, reason: refusal.code, ...token });
  }

  async #attempt(authorization: string | undefined): Promise<Attempt> {
    const given = presented(authorization);
    if (given instanceof AppError) return { refusal: given };
    const token = await this.#lookup.find(given.id);
    if (token === undefined) return { refusal: unknown() };
    // Only ids that there are: made-up ones would be counted without end.
    if (!sameHash(Buffer.from(token.hash).toString('hex'), given.hash))
      return { refusal: unknown(), named: token, guessedId: token.id };
    const refusal = this.#refusalOf(token);
    return refusal === undefined ? { token } : { refusal, named: token };
  }

  #refusalOf({ name, revokedAt, expiresAt }: ApiTokenRecord): AppError | undefined {
    if (revokedAt !== undefined) return revoked(name);
    if (expiresAt === undefined || expiresAt > this.#clock.now()) return undefined;
    return new AppError('token_expired', `The token ${name} has ended.`, { nextCommand });
  }

  #noteUse(uid: string): void {
    const now = this.#clock.now();
    this.#used.set(uid, now);
    if (now - this.#flushedAt < flushUsesMs) return;
    this.#flushedAt = now;
    const used = Array.from(this.#used, ([tokenUid, at]) => ({ uid: tokenUid, at }));
    this.#used.clear();
    // Only a convenience for people: a failure must not turn a request away.
    void touchApiTokens(this.#sql, used).catch(() => undefined);
  }
}

interface Refused {
  readonly refusal: AppError;
  /** The token whose id was shown. */
  readonly named?: ApiTokenRecord;
  /** Set when the secret shown with that id was another one. */
  readonly guessedId?: string;
}

type Attempt = { readonly token: ApiTokenRecord } | Refused;

function actorOf({ uid, id, name, role, expiresAt }: ApiTokenRecord): Actor {
  return {
    tokenUid: uid,
    tokenId: id,
    tokenName: name,
    role,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

const nextCommand = 'ambit-central token create --name NAME --role admin';

const unknown = (): AppError =>
  new AppError('token_invalid', 'This token is not known here.', {
    hint: 'It may belong to another installation, or was made up.',
    nextCommand,
  });

const revoked = (name: string): AppError =>
  new AppError('token_revoked', `The token ${name} was revoked.`, { nextCommand });

const changed = (name: string): AppError =>
  new AppError('token_revoked', `The token ${name} has another role now.`, {
    hint: 'Call again to go on with what it may do now.',
  });

function presented(authorization: string | undefined): ReturnType<typeof parseApiToken> | AppError {
  try {
    return parseApiToken(bearerOf(authorization));
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

function bearerOf(authorization: string | undefined): string {
  const text = authorization?.trim() ?? '';
  if (text === '') {
    throw new AppError('token_missing', 'The request carries no token.', {
      hint: 'Send it as "Authorization: Bearer amb_…".',
      nextCommand: 'ambit login http://127.0.0.1:7080',
    });
  }
  const token = /^bearer +([^\s,]+)$/i.exec(text)?.[1];
  if (token === undefined) {
    throw new AppError(
      'token_invalid',
      'The Authorization header is not of the form "Bearer amb_…".',
    );
  }
  return token;
}
