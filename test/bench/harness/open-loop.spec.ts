import { expect, test } from '@jest/globals';
import { closedLoop, openLoop } from './open-loop.ts';

test('an operation is as late as it ends after it was due, not after it was begun', async () => {
  // All of them end at one moment: each that was due 2 ms later waited 2 ms less.
  const end = performance.now() + 1_000;
  const run = (): Promise<number> => Promise.resolve(end);
  const late = await openLoop({ ratePerSecond: 500, operations: 20, run });
  expect(late).toHaveLength(20);
  for (const [at, one] of late.entries()) expect((late[0] ?? 0) - one).toBeCloseTo(at * 2, 6);
});

test('begins operations though those before them hang', async () => {
  const gate = Promise.withResolvers<void>();
  let begun = 0;
  const run = (): Promise<void> => {
    if (++begun === 5) gate.resolve();
    return gate.promise;
  };
  await expect(openLoop({ ratePerSecond: 1_000, operations: 5, run })).resolves.toHaveLength(5);
});

test('fails as an operation failed, when all have ended', async () => {
  let ended = 0;
  const run = async (at: number): Promise<void> => {
    if (at === 0) throw new Error('refused');
    await Promise.resolve();
    ended++;
  };
  await expect(openLoop({ ratePerSecond: 1_000, operations: 3, run })).rejects.toThrow('refused');
  expect(ended).toBe(2);
});

test('so many callers are at work at once, and no operation is done twice', async () => {
  const done: number[] = [];
  let now = 0;
  let most = 0;
  const run = async (at: number): Promise<void> => {
    most = Math.max(most, ++now);
    await new Promise(setImmediate);
    now--;
    done.push(at);
  };
  await closedLoop({ callers: 4, operations: 10, run });
  expect(most).toBe(4);
  expect(done.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});
