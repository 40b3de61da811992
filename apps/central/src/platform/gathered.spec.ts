import { describe, expect, test } from '@jest/globals';
import { Gathered } from './gathered.ts';

const never = { burst: 1, perSecond: 0, gatherMs: 3_600_000 };

describe('Gathered', () => {
  test('who comes alone is served at once, and each gets its own answer', async () => {
    const batches: (readonly number[])[] = [];
    const gathered = new Gathered<number, string>(async (items) => {
      batches.push(items);
      return items.map((item) => `answer ${item}`);
    });
    expect(await gathered.add(1)).toBe('answer 1');
    expect(await Promise.all([gathered.add(2), gathered.add(3)])).toEqual(['answer 2', 'answer 3']);
    expect(batches).toEqual([[1], [2, 3]]);
  });

  test('what is above the burst is gathered until time has passed, or until the end', async () => {
    const batches: number[] = [];
    const gathered = new Gathered<number, number>(async (items) => {
      batches.push(items.length);
      return [...items];
    }, never);
    await gathered.add(0);
    const late = Array.from({ length: 500 }, (_, at) => gathered.add(at));
    await new Promise((resolve) => setImmediate(resolve));
    expect(batches).toEqual([1]);
    // Whoever stops does not wait for the time.
    await gathered.settled();
    expect(await Promise.all(late)).toHaveLength(500);
    expect(batches).toEqual([1, 500]);
  });

  test('a batch that fails fails all that are in it, and none behind it', async () => {
    let broken = true;
    const gathered = new Gathered<number, number>(async (items) => {
      if (broken) throw new Error('the database is away');
      return [...items];
    });
    const results = await Promise.allSettled([gathered.add(1), gathered.add(2)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    broken = false;
    expect(await gathered.add(3)).toBe(3);
  });

  test('what comes while a batch runs is in the next one', async () => {
    const gate = Promise.withResolvers<undefined>();
    const running = Promise.withResolvers<undefined>();
    const batches: (readonly number[])[] = [];
    const gathered = new Gathered<number, number>(async (items) => {
      batches.push(items);
      running.resolve(undefined);
      await gate.promise;
      return [...items];
    });
    const first = gathered.add(1);
    await running.promise;
    const second = gathered.add(2);
    const settled = gathered.settled();
    gate.resolve(undefined);
    await settled;
    expect(await Promise.all([first, second])).toEqual([1, 2]);
    expect(batches).toEqual([[1], [2]]);
  });
});
