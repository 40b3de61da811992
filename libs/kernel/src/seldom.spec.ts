import { expect, test } from '@jest/globals';
import { Seldom } from './seldom.ts';

const clock = () => {
  const at = { now: 0 };
  return { at, monotonic: () => at.now };
};

test('one of a key passes in a while, with the number of those held back since the last', () => {
  const time = clock();
  const seldom = new Seldom(time, 1_000);
  expect([seldom.passes('a'), seldom.passes('a'), seldom.passes('b')]).toEqual([0, undefined, 0]);
  time.at.now = 999;
  expect(seldom.passes('a')).toBeUndefined();
  time.at.now = 1_000;
  expect([seldom.passes('a'), seldom.passes('b')]).toEqual([2, 0]);
  time.at.now = 1_999;
  expect(seldom.passes('a')).toBeUndefined();
});

test('keys beyond the most share one, until others are old enough to be forgotten', () => {
  const time = clock();
  const seldom = new Seldom(time, 1_000, 2);
  for (const key of ['a', 'b', 'c', 'd', 'e']) seldom.passes(key);
  expect([seldom.passes('f'), seldom.passes('a')]).toEqual([undefined, undefined]);
  time.at.now = 1_000;
  expect([seldom.passes('g'), seldom.passes('h')]).toEqual([0, 0]);
  expect(seldom.passes('a')).toBe(0);
  expect(seldom.passes('b')).toBeUndefined();
});
