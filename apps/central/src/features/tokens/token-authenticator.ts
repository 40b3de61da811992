import { AppError } from '@ambit/kernel';
import type { Clock, Millis } from '@ambit/kernel';
import { findApiToken, touchApiTokens } from '@ambit/persistence';
import type { ApiTokenRecord, Sql } from '@ambit/persistence';
import { parseApiToken, sameHash } from '@ambit/transport';
import type { Actor } from '../../platform/actor.ts';
import type { Authenticator } from '../../platform/auth.guard.ts';
import type { FailureLimiter } from '../../platform/failure-limiter.ts';

const flushUsesMs = 30_000;

/** Bearer tokens against their stored hashes. An address that keeps failing has to wait. */
export class TokenAuthenticator implements Authenticator {
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #failures: FailureLimiter;
  readonly #used = new Map<string, Millis>();
  #flushedAt: Millis = 0;

  constructor(sql: Sql, clock: Clock, failures: FailureLimiter) {
    this.#sql = sql;
    this.#clock = clock;
    this.#failures = failures;
  }

  async authenticate(authorization: string | undefined, address: string): Promise<Actor> {
    await this.#failures.refuseWhenExhausted(address);
    try {
      const token = await this.#find(authorization);
      this.#noteUse(token.uid);
      return { tokenUid: token.uid, tokenId: token.id, tokenName: token.name, role: token.role };
    } catch (error) {
      if (error instanceof AppError && error.kind === 'unauthenticated')
        await this.#failures.count(address);
      throw error;
    }
  }

  async #find(authorization: string | undefined): Promise<ApiTokenRecord> {
    const given = parseApiToken(bearerOf(authorization));
    const token = await findApiToken(this.#sql, given.id);
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
