import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { AppError } from '@ambit/kernel';
import type { FeedCommit } from '@ambit/persistence';
import { FakeClock, RecordingLogger } from '@ambit/testing';
import type { Actor } from './actor.ts';
import { CredentialWatch } from './credential-watch.ts';
import type { CallLife } from './credential-watch.ts';
import { RevocationWatch } from './revocation-watch.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const actor = (name: string, more: Partial<Actor> = {}): Actor => ({
  credential: { kind: 'ApiToken', uid: `uid-${name}`, id: `id-${name}` },
  principal: { kind: 'token', name, role: 'admin' },
  ...more,
});

function scene() {
  const [clock, logger] = [new FakeClock(), new RecordingLogger()];
  let told: (commit: FeedCommit) => void = () => undefined;
  const commits = {
    subscribe: (listener: typeof told) => {
      told = listener;
      return () => undefined;
    },
  };
  const asked: (readonly string[])[] = [];
  const refusals = new Map<string, AppError>();
  const database = { answer: async (): Promise<void> => undefined };
  const recheck = async (actors: readonly Actor[]) => {
    asked.push(actors.map(({ principal }) => principal.name));
    await database.answer();
    return ({ principal }: Actor) => refusals.get(principal.name);
  };
  const revocations = new RevocationWatch(commits, 'ApiToken');
  const watch = new CredentialWatch({ recheck }, revocations, { clock, logger });
  return {
    ...{ clock, logger, asked, refusals, database, watch },
    revoke: (uid: string) => told({ revoked: [{ kind: 'ApiToken', uid }] } as never),
    /** Time goes by, and what is due is done. */
    pass: async (ms: number) => {
      for (let left = ms; left > 0; left -= 250) {
        clock.advance(Math.min(left, 250));
        await jest.advanceTimersByTimeAsync(Math.min(left, 250));
      }
    },
  };
}

const reasonOf = ({ ended }: CallLife): string | undefined =>
  ended.reason instanceof AppError ? ended.reason.message : undefined;

describe('a call of a credential', () => {
  test('ends in the turn in which its revocation is heard of, and no other with it', () => {
    const { watch, revoke } = scene();
    const [ann, ben] = [watch.open(actor('ann')), watch.open(actor('ben'))];
    revoke('uid-ann');
    expect([reasonOf(ann), reasonOf(ben)]).toEqual(['The token ann was revoked.', undefined]);
    expect(ann.ended.reason).toMatchObject({ code: 'token_revoked' });
    expect(reasonOf(watch.open(actor('ann')))).toBe('The token ann was revoked.');
  });

  test('of a session ends with that, and says whose it was', () => {
    const { watch, revoke } = scene();
    const credential = { kind: 'Session', uid: 'uid-s', id: 's' } as const;
    const principal = { kind: 'service', name: 'deploy', uid: 'p', roles: [], teams: [] } as const;
    const call = watch.open({ credential, principal });
    revoke('uid-s');
    expect(reasonOf(call)).toBe('The session of service/deploy was revoked.');
  });

  test('ends when its token does, at once when that is over, and not before', async () => {
    const { watch, clock, pass } = scene();
    const over = watch.open(actor('over', { expiresAt: clock.now() }));
    expect(over.ended.reason).toMatchObject({ code: 'token_expired' });
    const ending = watch.open(actor('ann', { expiresAt: clock.now() + 5_000 }));
    await pass(4_750);
    expect(ending.ended.aborted).toBe(false);
    await pass(250);
    expect(reasonOf(ending)).toBe('The token ann has ended.');
  });

  test('of a token that ends in months is not ended at once', async () => {
    const { watch, clock } = scene();
    const far = 3 * 2 ** 30;
    const call = watch.open(actor('ann', { expiresAt: clock.now() + far }));
    call.ended.addEventListener('abort', () => undefined);
    await jest.advanceTimersByTimeAsync(1);
    expect(call.ended.aborted).toBe(false);
    call.release();
    expect(jest.getTimerCount()).toBeLessThanOrEqual(1);
  });

  test('ends within a second of what its record says, such as another role', async () => {
    const { watch, pass, asked, refusals } = scene();
    const [ann, ben] = [watch.open(actor('ann')), watch.open(actor('ben'))];
    refusals.set('ann', new AppError('token_revoked', 'another role'));
    await pass(1_000);
    expect(asked).toEqual([['ann', 'ben']]);
    expect([reasonOf(ann), reasonOf(ben)]).toEqual(['another role', undefined]);
  });

  test('that has just begun is not looked at again yet, and without any nothing is asked', async () => {
    const { watch, pass, asked } = scene();
    watch.open(actor('ann')).release();
    await pass(3_000);
    const call = watch.open(actor('ben'));
    await pass(500);
    watch.open(actor('cleo'));
    await pass(500);
    expect(asked).toEqual([['ben']]);
    call.release();
    await pass(1_000);
    expect(asked).toEqual([['ben'], ['cleo']]);
  });

  test('ends when nobody can say for ten seconds that its credential still holds', async () => {
    const { watch, pass, database, logger, asked } = scene();
    const call = watch.open(actor('ann'));
    await pass(2_000);
    database.answer = () => Promise.reject(new Error('ECONNREFUSED'));
    await pass(9_000);
    expect(call.ended.aborted).toBe(false);
    await pass(3_000);
    expect(call.ended.reason).toMatchObject({
      code: 'database_unavailable',
      message: 'Whether the token ann still holds is not known.',
      extras: {
        why: 'The database does not answer here, so a revocation would not be heard of.',
        hint: 'Call again in a moment, or ask another replica; a stream goes on after its last id.',
      },
    });
    expect(asked.length).toBeGreaterThan(10);
    expect(logger.lines[0]).toMatchObject({
      level: 'warn',
      message: 'credentials cannot be read again',
    });
  });

  test('ends so too when the database does not answer at all, which is asked once only', async () => {
    const { watch, pass, database, asked } = scene();
    const call = watch.open(actor('ann'));
    const answer = Promise.withResolvers<void>();
    database.answer = () => answer.promise;
    await pass(12_000);
    expect(call.ended.reason).toMatchObject({ code: 'database_unavailable' });
    expect(asked).toHaveLength(1);
    call.release();
    answer.resolve();
    const next = watch.open(actor('ben'));
    await pass(1_000);
    expect(asked).toHaveLength(2);
    expect(next.ended.aborted).toBe(false);
  });

  test('that is over tells whoever still waits, and leaves nothing behind', async () => {
    const { watch, pass, asked, clock, revoke } = scene();
    const call = watch.open(actor('ann', { expiresAt: clock.now() + 60_000 }));
    call.release();
    expect(call.ended.reason).toMatchObject({ code: 'timed_out', message: 'The caller is gone.' });
    revoke('uid-ann');
    await pass(3_000);
    expect(asked).toEqual([]);
    expect(jest.getTimerCount()).toBe(0);
  });
});
