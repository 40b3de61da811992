import { describe, expect, test } from '@jest/globals';
import { finishedKeys, isNextDue, publishAheadMs, signingKey } from './key-schedule.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const key = (kid: string, signsFrom: number) => ({ kid, signsFrom });
const [first, second] = [key('first', 0), key('second', 30 * day)];

describe('which key signs', () => {
  test.each([
    ['the only one', [first], 5 * day, 'first'],
    ['the only one, also for a clock that is behind', [first], -1, 'first'],
    ['not the next before its time', [first, second], 30 * day - 1, 'first'],
    ['the next from then on', [first, second], 30 * day, 'second'],
  ])('%s', (_, keys, now, kid) => {
    expect(signingKey(keys, now)?.kid).toBe(kid);
  });

  test('none when there is none', () => {
    expect(signingKey([], 0)).toBeUndefined();
  });
});

describe('a next key is due', () => {
  test('when there is none, and so early that it signs after 30 days', () => {
    expect(isNextDue([], 0)).toBe(true);
    expect(isNextDue([first], 30 * day - publishAheadMs - 1)).toBe(false);
    expect(isNextDue([first], 30 * day - publishAheadMs)).toBe(true);
    expect(isNextDue([first, second], 30 * day - publishAheadMs)).toBe(false);
  });

  test('at least ten minutes before it signs', () => {
    expect(publishAheadMs).toBeGreaterThanOrEqual(10 * minute);
  });
});

describe('a key is finished', () => {
  test('when the last of its tokens, of one hour, has died, and never the newest', () => {
    expect(finishedKeys([first, second], 30 * day + 60 * minute)).toEqual([]);
    expect(finishedKeys([first, second], 30 * day + 65 * minute)).toEqual(['first']);
    expect(finishedKeys([first], 900 * day)).toEqual([]);
  });
});
