import { describe, expect, test } from '@jest/globals';
import { toAppError } from '@ambit/kernel';
import { FakeClock, RecordingLogger } from '@ambit/testing';
import { FailureLimiter, failuresPerMinute } from './failure-limiter.ts';
import type { FailureCount } from './failure-limiter.ts';

/** Counts as the shared store does: by key, for a minute from the first. */
class Store {
  readonly asked: string[] = [];
  readonly points = new Map<string, number>();
  answer: (key: string) => Promise<FailureCount> = (key) => Promise.resolve(this.count(key));

  count(key: string, by = 1): FailureCount {
    const consumedPoints = (this.points.get(key) ?? 0) + by;
    this.points.set(key, consumedPoints);
    return { consumedPoints, msBeforeNext: 60_000 };
  }

  add(key: string): Promise<FailureCount> {
    this.asked.push(key);
    return this.answer(key);
  }
}

function scene() {
  const [store, clock, logger] = [new Store(), new FakeClock(), new RecordingLogger()];
  const limiter = new FailureLimiter(store, clock, logger);
  /** How often it was let through, and what it was told first when it was not. */
  const fail = async (times: number, address: string, token?: string) => {
    let through = 0;
    for (let n = 0; n < times; n++) {
      try {
        await limiter.failed(address, token);
        through++;
      } catch (error) {
        return { through, refusal: toAppError(error) };
      }
    }
    return { through, refusal: undefined };
  };
  return { store, clock, logger, limiter, fail };
}

const gone = (): Promise<FailureCount> => Promise.reject(new Error('ECONNREFUSED'));
const far = failuresPerMinute + 10;

describe('who keeps failing to sign in', () => {
  test('is held back after thirty, and told who, for how long and what helps', async () => {
    const { fail, clock } = scene();
    const { through, refusal } = await fail(far, '192.0.2.1');
    expect(through).toBe(failuresPerMinute);
    expect(refusal).toMatchObject({
      code: 'rate_limited',
      message: 'Too many failed sign-ins from 192.0.2.1.',
      extras: { details: { retryAfterSeconds: 60 } },
    });
    clock.advance(59_500);
    expect((await fail(1, '192.0.2.1')).refusal?.extras).toMatchObject({
      hint: expect.stringContaining('try again in 1 s'),
      details: { retryAfterSeconds: 1 },
    });
    clock.advance(501);
    expect((await fail(1, '192.0.2.1')).refusal?.code).toBe('rate_limited');
  });

  test('costs nothing but a look into memory past the limit', async () => {
    const { fail, store } = scene();
    await fail(failuresPerMinute + 1, '192.0.2.1');
    const asked = store.asked.length;
    for (let n = 0; n < 5; n++) await fail(1, '192.0.2.1');
    expect(store.asked).toHaveLength(asked);
  });

  test('holds nobody else back, but everybody of one IPv6 network', async () => {
    const { fail } = scene();
    await fail(far, '2001:db8::1');
    expect((await fail(1, '2001:db8:0:1::1')).through).toBe(1);
    expect((await fail(1, '2001:db8::ffff')).refusal?.message).toContain('2001:db8:0:0::/64');
  });

  test('with one token from many addresses is held back by the token', async () => {
    const { limiter } = scene();
    for (let n = 0; n < failuresPerMinute; n++) await limiter.failed(`192.0.2.${n}`, 't1');
    await expect(limiter.failed('198.51.100.1', 't1')).rejects.toMatchObject({
      message: 'Too many failed sign-ins with this token.',
    });
    await limiter.failed('198.51.100.1', 't2');
    await limiter.failed('198.51.100.1');
  });

  test('is counted together with what other replicas saw, until their minute is over', async () => {
    const { fail, store, clock } = scene();
    clock.advance(500_000);
    store.count('192.0.2.1', failuresPerMinute);
    store.answer = (key) => Promise.resolve({ ...store.count(key), msBeforeNext: 20_000 });
    const { through, refusal } = await fail(1, '192.0.2.1');
    expect(through).toBe(0);
    expect(refusal?.extras.details).toEqual({ retryAfterSeconds: 20 });
    await fail(5, '192.0.2.1');
    expect(store.asked).toHaveLength(1);
  });

  test('begins anew when the minute is over', async () => {
    const { fail, store, clock } = scene();
    await fail(far, '192.0.2.1');
    clock.advance(60_000);
    store.points.clear();
    expect((await fail(far, '192.0.2.1')).through).toBe(failuresPerMinute);
  });
});

describe('when the counts cannot be kept', () => {
  test('failures are counted here, said in the log and held back all the same', async () => {
    const { fail, store, logger, clock } = scene();
    store.answer = gone;
    expect((await fail(far, '192.0.2.1')).through).toBe(failuresPerMinute);
    expect(logger.lines[0]).toMatchObject({
      level: 'warn',
      message: 'failed sign-ins cannot be counted at the moment',
    });
    clock.advance(60_000);
    expect((await fail(1, '192.0.2.1')).through).toBe(1);
  });

  test('the minute of a count that is kept here does not move with each failure', async () => {
    const { fail, store, clock } = scene();
    store.answer = gone;
    for (let n = 0; n < failuresPerMinute; n++) {
      await fail(1, '192.0.2.1');
      clock.advance(1_000);
    }
    const { refusal } = await fail(1, '192.0.2.1');
    expect(refusal?.extras.details).toEqual({ retryAfterSeconds: 30 });
  });

  test('no more than a hundred wait for a store that hangs; the others are counted here', async () => {
    const { limiter, store } = scene();
    const waiting: (() => void)[] = [];
    store.answer = (key) =>
      new Promise((resolve) => waiting.push(() => resolve(store.count(key, 0))));
    const first = Array.from({ length: 100 }, (_, n) => limiter.failed(`192.0.2.${n}`));
    await limiter.failed('198.51.100.1');
    expect(store.asked).toHaveLength(100);
    for (const answer of waiting) answer();
    await Promise.all(first);
    store.answer = (key) => Promise.resolve(store.count(key));
    await limiter.failed('198.51.100.1');
    expect(store.asked).toHaveLength(101);
  });
});
