import { expect, test } from '@jest/globals';
import { defined } from './defined.ts';

test('fields that are undefined or null are absent, every other value stays', () => {
  const kept = defined({ a: 1, b: undefined, c: null, d: '', e: 0, f: false, g: [] as string[] });
  expect(Object.entries(kept)).toEqual([
    ['a', 1],
    ['d', ''],
    ['e', 0],
    ['f', false],
    ['g', []],
  ]);
});
