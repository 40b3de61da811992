import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sortedJson } from './sorted-json.ts';

/** The same value with the keys of every object turned round. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, each]) => [key, turned(each)]),
  );
}

test('is one text for a value, in whatever order its fields were written, and that value', () => {
  const values = fc.jsonValue({ maxDepth: 4 }).filter((value) => !hasProto(value));
  fc.assert(
    fc.property(values, (value) => {
      expect(sortedJson(turned(value))).toBe(sortedJson(value));
      expect(JSON.parse(sortedJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
  expect(sortedJson([{ uid: 'u', kind: 'User' }])).toBe('[{"kind":"User","uid":"u"}]');
});

/** `__proto__` is no field of an object that is written, and no name of ours. */
function hasProto(value: unknown): boolean {
  return JSON.stringify(value).includes('__proto__');
}
