import { describe, expect, test } from '@jest/globals';
import { readDuration } from './duration.ts';

describe('lengths of time', () => {
  test.each([
    ['0s', 0],
    ['500ms', 500],
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['1h30m', 5_400_000],
    ['1m500ms', 60_500],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
    ['1w1d1h1m1s1ms', 694_861_001],
  ])('outside case 09: %s is one length, wherever it is written', (text, length) => {
    expect(readDuration(text)).toBe(length);
  });

  test.each(['', '0', '10', '-1h', '+1h', '1.5h', '1h ', ' 1h', 'h', '1y', '1M', '1H', '30m1h'])(
    '%j is none',
    (text) => {
      expect(readDuration(text)).toBeUndefined();
    },
  );

  test.each(['1h1h', '1h,30m', '999999999w', '1234567890s', 'Infinity', '1e3s', '١h', '1h\n'])(
    '%j is none either',
    (text) => {
      expect(readDuration(text)).toBeUndefined();
    },
  );
});
