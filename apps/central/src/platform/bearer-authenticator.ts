import { AppError } from '@ambit/kernel';
import type { Clock, Logger, Millis } from '@ambit/kernel';
import { parseBearerToken, sameHash } from '@ambit/transport';
import type { BearerKind, BearerText } from '@ambit/transport';
import { credentialName } from './actor.ts';
import type { Actor } from './actor.ts';
import type { Authenticator } from './auth.guard.ts';
import type { FailureLimiter } from './failure-limiter.ts';
import { SharedLookup } from './shared-lookup.ts';
import type { SignInFailureRecorder } from './sign-in-failures.ts';

const flushUsesMs: Millis = 30_000;

/** A stored credential, good or not. */
export interface HeldCredential {
  readonly hash: Uint8Array;
  readonly actor: Actor;
  /** Why it lets nobody in any more. */
  readonly refusal: AppError | undefined;
}

/** One use of a credential. */
export interface CredentialUse {
  readonly uid: string;
  readonly at: Millis;
}

/** Where credentials of one kind are kept. */
export interface CredentialSource {
  /** By the public parts of their texts. */
  find(ids: readonly string[]): Promise<readonly HeldCredential[]>;
  noteUses(uses: readonly CredentialUse[]): Promise<void>;
}

export interface CredentialSources {
  readonly ApiToken: CredentialSource;
  readonly Session: CredentialSource;
  /** The sessions that access tokens name; they are found by the hashes of the tokens. */
  readonly AccessToken: Pick<CredentialSource, 'find'>;
}

/**
 * Bearer tokens against their stored hashes. The token is looked at before anything else, so a good one is let in
 * whatever others did before; only who fails is counted, by address and by the token it names, and has to wait.
 */
export class BearerAuthenticator implements Authenticator {
  readonly #parts: {
    readonly sources: CredentialSources;
    readonly failures: FailureLimiter;
    readonly signIns: SignInFailureRecorder;
    readonly clock: Clock;
    readonly logger: Logger;
  };
  readonly #lookups: Readonly<Record<BearerKind, SharedLookup<HeldCredential>>>;
  readonly #used = new Map<
    string,
    { readonly kind: 'ApiToken' | 'Session'; readonly at: Millis }
  >();
  #flushedAt: Millis = 0;

  constructor(parts: {
    readonly sources: CredentialSources;
    readonly failures: FailureLimiter;
    readonly signIns: SignInFailureRecorder;
    readonly clock: Clock;
    readonly logger: Logger;
  }) {
    this.#parts = parts;
    const { ApiToken, Session, AccessToken } = parts.sources;
    this.#lookups = {
      ApiToken: sharedLookup(ApiToken, idOf),
      Session: sharedLookup(Session, idOf),
      AccessToken: sharedLookup(AccessToken, hashOf),
    };
  }

  async authenticate(authorization: string | undefined, address: string): Promise<Actor> {
    const attempt = await this.#attempt(authorization);
    if (!('refusal' in attempt)) {
      this.#noteUse(attempt.actor);
      return attempt.actor;
    }
    this.#noteFailure(address, attempt);
    await this.#parts.failures.failed(address, attempt.guessedId);
    throw attempt.refusal;
  }

  async recheck(actors: readonly Actor[]): Promise<(actor: Actor) => AppError | undefined> {
    const { ApiToken, Session } = this.#parts.sources;
    const found = await Promise.all([
      heldBy(ApiToken, idsOf(actors, 'ApiToken')),
      heldBy(Session, idsOf(actors, 'Session')),
    ]);
    const held = new Map(found.flat().map((each) => [each.actor.credential.uid, each]));
    return (actor) => {
      const now = held.get(actor.credential.uid);
      if (now === undefined) return gone(actor);
      return now.refusal ?? (sameRights(now.actor, actor) ? undefined : changed(actor));
    };
  }

  /** Who shows no token at all did not try to sign in. */
  #noteFailure(address: string, { refusal, shown }: Refused): void {
    if (refusal.code === 'token_missing') return;
    const named = shown === undefined ? {} : { shown };
    this.#parts.signIns.note({ address, reason: refusal.code, ...named });
  }

  async #attempt(authorization: string | undefined): Promise<{ readonly actor: Actor } | Refused> {
    const given = presented(authorization);
    if (given instanceof AppError) return { refusal: given };
    const key = given.kind === 'AccessToken' ? given.hash : given.id;
    const held = await this.#lookups[given.kind].find(key);
    if (held === undefined) return { refusal: given.kind === 'AccessToken' ? over() : unknown() };
    const { actor, refusal } = held;
    // Only ids that there are: made-up ones would be counted without end.
    if (!sameHash(hashOf(held), given.hash))
      return { refusal: unknown(), shown: actor, guessedId: given.id };
    return refusal === undefined ? { actor } : { refusal, shown: actor };
  }

  #noteUse({ credential: { kind, uid } }: Actor): void {
    const { clock, sources, logger } = this.#parts;
    const now = clock.now();
    this.#used.set(uid, { kind, at: now });
    if (now - this.#flushedAt < flushUsesMs) return;
    this.#flushedAt = now;
    const used = Array.from(this.#used, ([usedUid, use]) => ({ uid: usedUid, ...use }));
    this.#used.clear();
    for (const kind of ['ApiToken', 'Session'] as const) {
      const source = sources[kind];
      const uses = used.filter((use) => use.kind === kind);
      if (uses.length === 0) continue;
      // Only a convenience for people: a failure must not turn a request away.
      source
        .noteUses(uses)
        .catch((error: unknown) => logger.debug('uses of credentials are not noted', { error }));
    }
  }
}

interface Refused {
  readonly refusal: AppError;
  readonly shown?: Actor;
  /** Set when the secret shown with that id was another one. */
  readonly guessedId?: string;
}

/** A flood of made-up tokens costs the database one statement after the other. */
function sharedLookup(
  source: Pick<CredentialSource, 'find'>,
  keyOf: (held: HeldCredential) => string,
): SharedLookup<HeldCredential> {
  return new SharedLookup(async (keys) => {
    const found = await source.find(keys);
    return new Map(found.map((held) => [keyOf(held), held]));
  });
}

const idOf = ({ actor }: HeldCredential): string => actor.credential.id;

const hashOf = ({ hash }: HeldCredential): string => Buffer.from(hash).toString('hex');

async function heldBy(
  source: CredentialSource,
  ids: readonly string[],
): Promise<readonly HeldCredential[]> {
  return ids.length === 0 ? [] : source.find(ids);
}

function idsOf(actors: readonly Actor[], kind: 'ApiToken' | 'Session'): string[] {
  const ids = actors.flatMap(({ credential }) => (credential.kind === kind ? [credential.id] : []));
  return [...new Set(ids)];
}

function sameRights(now: Actor, before: Actor): boolean {
  return rolesText(now) === rolesText(before);
}

const rolesText = ({ principal }: Actor): string =>
  principal.kind === 'token'
    ? principal.role
    : [...principal.roles, ...principal.teams.map(({ uid }) => uid)].join();

const nextCommand = 'ambit-central token create --name NAME --role admin';

const unknown = (): AppError =>
  new AppError('token_invalid', 'This token is not known here.', {
    hint: 'It may belong to another installation, or was made up.',
    nextCommand,
  });

/** It lives for minutes and is forgotten then, so nobody can tell it from a made-up one. */
const over = (): AppError =>
  new AppError('token_expired', 'This access token is over, or is not known here.', {
    hint: 'Get the next one with the refresh token, or sign in again.',
    nextCommand: 'ambit login',
  });

const gone = (actor: Actor): AppError =>
  new AppError('token_revoked', `The ${credentialName(actor)} was revoked.`, { nextCommand });

const changed = (actor: Actor): AppError =>
  new AppError('token_revoked', `The ${credentialName(actor)} has another role now.`, {
    hint: 'Call again to go on with what it may do now.',
  });

function presented(authorization: string | undefined): BearerText | AppError {
  try {
    return parseBearerToken(bearerOf(authorization));
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
