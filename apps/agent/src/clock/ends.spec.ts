import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { endedBy, nextEndAfter } from './ends.ts';

test('an end has come at its very millisecond, not before; what has come is never the next', () => {
  const ends = new Map([
    ['late', 300],
    ['first', 100],
    ['second', 200],
    ['with it', 200],
  ]);
  expect(endedBy(ends, 99)).toEqual([]);
  expect(endedBy(ends, 200)).toEqual(['first', 'second', 'with it']);
  expect(endedBy(ends, 300)).toHaveLength(4);
  const next = [0, 99, 100, 199, 200, 300].map((now) => nextEndAfter(ends, now));
  expect(next).toEqual([100, 100, 200, 200, 300, undefined]);
  expect(nextEndAfter(new Map(), 0)).toBeUndefined();
});

test('stepping from end to end meets each of them once', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50), { maxLength: 12 }), (times) => {
      const ends = new Map(times.map((time, index) => [index, time]));
      const met: number[] = [];
      for (
        let now: number | undefined = -1;
        now !== undefined && met.length < 20;
        now = nextEndAfter(ends, now)
      ) {
        expect(endedBy(ends, now)).toHaveLength(times.filter((time) => time <= (now ?? 0)).length);
        met.push(now);
      }
      expect(met.slice(1)).toEqual([...new Set(times)].sort((a, b) => a - b));
    }),
  );
});
