import { describe, expect, test } from '@jest/globals';
import { Delivery } from './delivery.ts';
import type { Delivered } from './delivery.ts';

const keys = (...names: string[]): ReadonlySet<string> => new Set(names);
const clusters = (count: number, ...names: string[]): Map<string, ReadonlySet<string>> =>
  new Map(Array.from({ length: count }, (_, at) => [`c${at}`, keys(...names)]));

/** Every look at the clock takes a millisecond. */
function delivery(waits = (): boolean => false): {
  readonly delivery: Delivery;
  readonly told: { readonly cluster: string; readonly what: Delivered }[];
} {
  const told: { cluster: string; what: Delivered }[] = [];
  let now = 0;
  const one = new Delivery(
    (all) => told.push(...Array.from(all, ([cluster, what]) => ({ cluster, what }))),
    { now: () => now++, waits },
  );
  return { delivery: one, told };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
async function allOf(told: readonly unknown[], count: number): Promise<void> {
  while (told.length < count) await turn();
  await turn();
  expect(told).toHaveLength(count);
}

describe('Delivery', () => {
  test('a small commit is with its streams in the same turn', () => {
    const { delivery: one, told } = delivery();
    one.commit(7, clusters(3, 'BINDING/a'));
    expect(told.map(({ cluster }) => cluster)).toEqual(['c0', 'c1', 'c2']);
  });

  test('a large one lets others have their turn, and reaches every stream once', async () => {
    const { delivery: one, told } = delivery();
    one.commit(7, clusters(1_000, 'BINDING/a'));
    expect(told).toHaveLength(0);
    await turn();
    expect(told.length).toBeGreaterThan(0);
    expect(told.length).toBeLessThan(200);
    await allOf(told, 1_000);
    expect(new Set(told.map(({ cluster }) => cluster)).size).toBe(1_000);
  });

  test('a small commit overtakes a large one, and takes along what its cluster was not told yet', async () => {
    const { delivery: one, told } = delivery();
    one.commit(7, clusters(1_000, 'BINDING/a'));
    one.commit(8, new Map([['c900', keys('BINDING/b')]]));
    expect(told).toEqual([
      { cluster: 'c900', what: { revision: 8, keys: keys('BINDING/a', 'BINDING/b'), at: 0 } },
    ]);
    await allOf(told, 1_000);
  });

  test('two large ones are told together, from when the first was known', async () => {
    const { delivery: one, told } = delivery();
    one.commit(7, clusters(100, 'BINDING/a'));
    one.commit(8, clusters(100, 'BINDING/b'));
    await allOf(told, 100);
    expect(told[99]?.what).toEqual({ revision: 8, keys: keys('BINDING/a', 'BINDING/b'), at: 0 });
  });

  test('nobody is told while the policy is between two revisions, and everybody afterwards', async () => {
    let between = true;
    const { delivery: one, told } = delivery(() => between);
    one.commit(7, clusters(100, 'BINDING/a'));
    for (let turns = 0; turns < 5; turns++) await turn();
    expect(told).toHaveLength(0);
    between = false;
    await allOf(told, 100);
  });

  test('a stream that began meanwhile is told nothing that it began with', async () => {
    const { delivery: one, told } = delivery();
    one.commit(7, clusters(100, 'BINDING/a'));
    one.forget('c50');
    await allOf(told, 99);
    expect(told.some(({ cluster }) => cluster === 'c50')).toBe(false);
  });
});
