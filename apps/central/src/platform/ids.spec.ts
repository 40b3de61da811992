import { describe, expect, test } from '@jest/globals';
import { TimeOrderedIds, timeOrderedIds } from './ids.ts';

const some = (count: number, ids: Pick<TimeOrderedIds, 'uuid'>): string[] =>
  Array.from({ length: count }, () => ids.uuid());

describe('ids', () => {
  test('are UUIDv7, each its own, and sort in the order of their making', () => {
    const ids = some(2_000, timeOrderedIds);
    for (const id of ids)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(ids).size).toBe(2_000);
    expect(ids.toSorted()).toEqual(ids);
  });

  test('say when they were made, and go on where a clock goes back', () => {
    let now = 1_782_864_000_000;
    const ids = new TimeOrderedIds({ now: () => (now -= 7) });
    const made = some(500, ids);
    expect(parseInt((made[0] ?? '').replace('-', '').slice(0, 12), 16)).toBe(1_782_863_999_993);
    expect(made.toSorted()).toEqual(made);
    now += 120_000;
    expect(ids.uuid() > (made.at(-1) ?? '')).toBe(true);
  });

  test('differ in what nobody can guess, whatever they were fetched with', () => {
    const tails = some(1_000, new TimeOrderedIds({ now: () => 5 })).map((id) => id.slice(-12));
    expect(new Set(tails).size).toBe(1_000);
  });
});
