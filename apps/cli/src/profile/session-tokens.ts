import { hash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkServerUrl, refusal, type HttpAnswer } from '@ambit/client/exchange';
import { folderOf, type Environment } from '@ambit/config';
import { AppError, isAppError } from '@ambit/kernel';
import { readJson } from '../credential/kept-credential.ts';
import { lockPollMs, lockWaitMs, takeLock } from '../take-lock.ts';
import { callOAuth } from './oauth-call.ts';
import type { Profile, ProfileSession } from './profile-fields.ts';
import { replaceFile } from './replace-file.ts';
import { isSealed, openSealed, sealText } from './sealed-text.ts';

/** What a program goes on with as a person; times by the clock of this machine, in milliseconds. */
export interface SessionTokens {
  readonly access: string;
  /** Good once: the second use ends the session. */
  readonly refresh: string;
  readonly obtainedAt: number;
  readonly accessEndsAt: number;
}

/** A session of a person that this machine holds the tokens of. */
export type HeldSession = Pick<Profile, 'server' | 'caFile'> & { readonly session: ProfileSession };

/** An access token that ends sooner is refreshed. */
const leastLeftMs = 60_000;
const isSound = (token: unknown): token is string =>
  typeof token === 'string' && /^[\x21-\x7e]{8,512}$/.test(token);

/** Apart from the profiles: they are written by people's commands, these by whichever process refreshes. */
function tokensPath(held: HeldSession, env: Environment): string {
  return join(folderOf('config', env), 'sessions', `${nameOf(held)}.json`);
}

const nameOf = ({ server, session }: HeldSession): string =>
  hash('sha256', JSON.stringify([server, session.id]));

/**
 * Keeps the tokens for this account alone, and says where: sealed by a key in its keyring, or in a file that others cannot read.
 * Throws `storage_unwritable`.
 */
export async function keepTokens(
  held: HeldSession,
  tokens: SessionTokens,
  env: Environment,
): Promise<'keyring' | 'file'> {
  const text = await sealText(JSON.stringify(tokens), env);
  await replaceFile(tokensPath(held, env), async () => text);
  return isSealed(JSON.parse(text)) ? 'keyring' : 'file';
}

/**
 * An access token that lives a while. Of many processes at once one refreshes it, and the others take what it got. Throws
 * `session_ended`, `token_missing` when nothing sound is kept, and what keeps central from being asked.
 */
export async function freshToken(held: HeldSession, env: Environment): Promise<string> {
  const until = Date.now() + lockWaitMs;
  for (;;) {
    const kept = await keptTokens(held, env);
    if (isFresh(kept, leastLeftMs)) return kept.access;
    const taken = await underLock(held, env, () => renewed(held, env));
    if (taken !== undefined) return taken.access;
    await waitForOther(until);
  }
}

/**
 * Ends the session at central, and forgets its tokens. Throws what keeps central from being asked; then they stay.
 */
export async function giveBack(held: HeldSession, env: Environment): Promise<void> {
  const until = Date.now() + lockWaitMs;
  for (;;) {
    const taken = await underLock(held, env, async () => {
      const token = (await keptTokens(held, env)).refresh;
      const fields = { token, token_type_hint: 'refresh_token' };
      const answer = await callOAuth(held, '/token/revocation', fields, env);
      if (answer.status !== 200) throw refusal(answer, checkServerUrl(held.server), undefined);
      await forgetTokens(held, env);
      return true;
    });
    if (taken !== undefined) return;
    await waitForOther(until);
  }
}

/** Forgets what is kept of a session here. */
export async function forgetTokens(held: HeldSession, env: Environment): Promise<void> {
  await rm(tokensPath(held, env), { force: true });
}

/** Tokens out of an answer of the OAuth server. Throws `internal` when there are none in it. */
export function tokensOf(value: unknown, askedAt: number): SessionTokens {
  const {
    access_token: access,
    refresh_token: refresh,
    expires_in: seconds,
  } = (value ?? {}) as Record<string, unknown>;
  const lives = typeof seconds === 'number' && seconds > 0;
  if (!isSound(access) || !isSound(refresh) || !lives) {
    throw new AppError('internal', 'central answered something else than the tokens of a session', {
      hint: 'The versions of central and of this program may be too far apart.',
    });
  }
  return {
    access,
    refresh,
    obtainedAt: askedAt,
    accessEndsAt: askedAt + seconds * 1000,
  };
}

async function keptTokens(held: HeldSession, env: Environment): Promise<SessionTokens> {
  const file = readJson(tokensPath(held, env)) ?? {};
  const opened = isSealed(file) ? await openSealed(file, env) : undefined;
  if (isSealed(file) && opened === undefined) throw sealedAway(held);
  const kept = (opened === undefined ? file : parsed(opened)) as Partial<SessionTokens>;
  const { access, refresh, obtainedAt = NaN, accessEndsAt = NaN } = kept;
  if (isSound(access) && isSound(refresh)) return { access, refresh, obtainedAt, accessEndsAt };
  throw new AppError('token_missing', `not signed in to ${held.server}`, {
    why: 'the tokens of the session are not kept here any more',
    nextCommand: `ambit login ${held.server}`,
  });
}

const sealedAway = ({ server }: HeldSession): AppError =>
  new AppError('token_missing', `the session at ${server} cannot be opened`, {
    why: 'its key is in the keyring of the system, which is locked, not running here, or another one',
    hint: 'Unlock the keyring, or sign in again; with AMBIT_KEYRING=off the session is kept in a file.',
    nextCommand: `ambit login ${server}`,
  });

/** A clock that was set back since then says nothing about when it ends. */
function isFresh({ obtainedAt, accessEndsAt }: SessionTokens, leftMs: number): boolean {
  const now = Date.now();
  return obtainedAt <= now && accessEndsAt - now >= leftMs;
}

/** Does it while no other process refreshes; undefined when one does. Throws `storage_unwritable` where nobody can know. */
async function underLock<T>(
  held: HeldSession,
  env: Environment,
  act: () => Promise<T>,
): Promise<T | undefined> {
  const folder = join(folderOf('state', env), 'locks', nameOf(held));
  const release = await takeLock(folder);
  if (release === 'taken') return undefined;
  if (release === 'none') {
    throw new AppError('storage_unwritable', `cannot write ${folder}`, {
      why: 'without a lock there, two processes could refresh the session at once, which ends it',
      hint: 'Set AMBIT_STATE_DIR to a folder of your own.',
    });
  }
  try {
    return await act();
  } finally {
    await release().catch(() => undefined);
  }
}

async function waitForOther(until: number): Promise<void> {
  if (Date.now() < until) return sleep(lockPollMs);
  throw new AppError('timed_out', 'another process refreshes the session and does not end');
}

/** What another process got meanwhile, else what central gives now. While it cannot be reached, what still lives serves. */
async function renewed(held: HeldSession, env: Environment): Promise<SessionTokens> {
  const kept = await keptTokens(held, env);
  if (isFresh(kept, leastLeftMs)) return kept;
  try {
    return await refreshed(held, kept, env);
  } catch (error) {
    if (isAppError(error) && error.retryable && isFresh(kept, 0)) return kept;
    throw error;
  }
}

async function refreshed(
  held: HeldSession,
  { refresh }: SessionTokens,
  env: Environment,
): Promise<SessionTokens> {
  let tokens: SessionTokens | undefined;
  // The place is there before the token is spent, and what came for it is kept before anybody uses it.
  await replaceFile(tokensPath(held, env), async () => {
    const fields = { grant_type: 'refresh_token', refresh_token: refresh };
    const askedAt = Date.now();
    const answer = await callOAuth(held, '/token', fields, env);
    if (answer.status !== 200) throw notRefreshed(held, answer);
    tokens = tokensOf(parsed(answer.body), askedAt);
    return sealText(JSON.stringify(tokens), env);
  });
  return tokens as unknown as SessionTokens;
}

function notRefreshed({ server }: HeldSession, answer: HttpAnswer): AppError {
  const { error } = (parsed(answer.body) ?? {}) as { readonly error?: unknown };
  if (error !== 'invalid_grant') return refusal(answer, checkServerUrl(server), undefined);
  return new AppError('session_ended', `the session at ${server} has ended`, {
    nextCommand: `ambit login ${server}`,
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
