import { AppError } from '@ambit/kernel';
import type { Clock, ErrorCode, Millis } from '@ambit/kernel';
import { findApiToken, touchApiTokens } from '@ambit/persistence';
import type { ApiTokenRecord, Sql } from '@ambit/persistence';
import { parseApiToken, sameHash } from '@ambit/transport';
import type { Actor } from '../../platform/actor.ts';
import type { Authenticator } from '../../platform/auth.guard.ts';
import type { FailureLimiter } from '../../platform/failure-limiter.ts';
import type { SignInFailureRecorder } from './sign-in-failures.ts';

const flushUsesMs = 30_000;

/** Bearer tokens against their stored hashes. An address that keeps failing has to wait. */
export class TokenAuthenticator implements Authenticator {
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #failures: FailureLimiter;
  readonly #signIns: SignInFailureRecorder;
  readonly #used = new Map<string, Millis>();
  #flushedAt: Millis = 0;

  constructor(sql: Sql, clock: Clock, failures: FailureLimiter, signIns: SignInFailureRecorder) {
    this.#sql = sql;
    this.#clock = clock;
    this.#failures = failures;
    this.#signIns = signIns;
  }

  async authenticate(authorization: string | undefined, address: string): Promise<Actor> {
    await this.#failures.refuseWhenExhausted(address);
    let named: ApiTokenRecord | null = null;
    try {
      const given = parseApiToken(bearerOf(authorization));
      named = await findApiToken(this.#sql, given.id);
      const token = this.#valid(named, given);
      this.#noteUse(token.uid);
      return { tokenUid: token.uid, tokenId: token.id, tokenName: token.name, role: token.role };
    } catch (error) {
      if (error instanceof AppError && error.kind === 'unauthenticated') {
        this.#noteFailure(address, error.code, named);
        await this.#failures.count(address);
      }
      throw error;
    }
  }

  /** Who shows no token at all did not try to sign in. */
  #noteFailure(address: string, reason: ErrorCode, named: ApiTokenRecord | null): void {
    if (reason === 'token_missing') return;
    const token = named === null ? {} : { token: { id: named.id, name: named.name } };
    this.#signIns.note({ address, reason, ...token });
  }

  #valid(token: ApiTokenRecord | null, given: { readonly hash: string }): ApiTokenRecord {
    if (token === null || !sameHash(Buffer.from(token.hash).toString('hex'), given.hash)) {
      throw new AppError('token_invalid', 'This token is not known here.', {
        hint: 'It may belong to another installation, or was made up.',
        nextCommand: 'ambit-central token create --name NAME --role admin',
      });
    }
    if (token.revokedAt !== undefined) {
      throw new AppError('token_revoked', `The token ${token.name} was revoked.`, {
        nextCommand: 'ambit-central token create --name NAME --role admin',
      });
    }
    if (token.expiresAt !== undefined && token.expiresAt <= this.#clock.now()) {
      throw new AppError('token_expired', `The token ${token.name} has ended.`, {
        nextCommand: 'ambit-central token create --name NAME --role admin',
      });
    }
    return token;
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
