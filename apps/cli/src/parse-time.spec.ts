import { describe, expect, test } from '@jest/globals';
import { parseDuration, parseEnd, parseSince } from './parse-time.ts';

const now = new Date(2026, 10, 23, 12, 0, 0).getTime();
const usage = expect.objectContaining({ code: 'usage' });

describe('durations', () => {
  test.each([
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['1h30m', 5_400_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
  ])('%s', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  test.each([
    '',
    '0',
    '0s',
    '-1h',
    '10',
    '1.5h',
    '1h ',
    'h',
    'forever',
    '1y',
    'Infinity',
    '999999999w999999999w',
    '1h,30m',
  ])('case b8: %j is no duration, and never one without end', (text) => {
    expect(() => parseDuration(text)).toThrow(usage);
  });
});

describe('ends', () => {
  test('RFC 3339, a day to its end, and a time of day', () => {
    expect(parseEnd('2027-06-30T00:00:00Z', now).toISOString()).toBe('2027-06-30T00:00:00.000Z');
    expect(parseEnd('2027-06-30', now)).toEqual(new Date(2027, 5, 30, 23, 59, 59));
    expect(parseEnd('18:00', now)).toEqual(new Date(2026, 10, 23, 18, 0, 0));
    expect(parseEnd('9:30', now)).toEqual(new Date(2026, 10, 24, 9, 30, 0));
  });

  test.each(['2026-11-22', '2026-01-01T00:00:00Z'])('%s is past', (text) => {
    expect(() => parseEnd(text, now)).toThrow(/in the past/);
  });

  test.each([
    '',
    'tomorrow',
    '2027-02-30',
    '2027-13-01',
    '25:00',
    '12:60',
    '2027-06-30 1:00',
    '2027-02-30 10:00',
    '2027-02-30T00:00:00Z',
    '2027-06-31T18:00:00+02:00',
    '24:00',
    '2026-12-31T23:59:60Z',
    '1767225600',
  ])('outside case 09: %j is no time', (text) => {
    expect(() => parseEnd(text, now)).toThrow(usage);
  });

  test('a look back is a duration or RFC 3339', () => {
    expect(parseSince('1h', now)).toBe(new Date(now - 3_600_000).toISOString());
    expect(parseSince('2026-01-01T00:00:00+01:00', now)).toBe('2025-12-31T23:00:00.000Z');
    expect(() => parseSince('yesterday', now)).toThrow(usage);
    expect(() => parseSince('2026-02-30T00:00:00Z', now)).toThrow(usage);
  });
});
