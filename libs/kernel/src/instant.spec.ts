import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { instantMillis, lastInstant, readInstant } from './instant.ts';

const problemOf = (text: string): string => {
  const read = readInstant(text);
  return read.ok ? '' : read.problem;
};

describe('moments', () => {
  test.each([
    ['1970-01-01T00:00:00Z', 0],
    ['2027-06-30T18:00:00+02:00', Date.UTC(2027, 5, 30, 16)],
    ['2027-06-30T18:00:00-00:30', Date.UTC(2027, 5, 30, 18, 30)],
    ['2027-06-30t18:00:00z', Date.UTC(2027, 5, 30, 18)],
    ['2027-06-30T18:00Z', Date.UTC(2027, 5, 30, 18)],
    ['2028-02-29T00:00:00Z', Date.UTC(2028, 1, 29)],
    ['2000-02-29T00:00:00Z', Date.UTC(2000, 1, 29)],
    ['2027-01-01T00:00:00.5Z', Date.UTC(2027, 0, 1) + 500],
    ['2027-01-01T00:00:00.0019999999Z', Date.UTC(2027, 0, 1) + 1],
    ['9999-12-31T23:59:59.999Z', lastInstant],
  ])('%s', (text, at) => {
    expect(readInstant(text)).toEqual({ ok: true, at });
  });

  test.each([
    ['2027-02-30T00:00:00Z', '2027-02 has 28 days'],
    ['2027-06-31T18:00:00+02:00', '2027-06 has 30 days'],
    ['2027-02-29T00:00:00Z', '28 days'],
    ['2100-02-29T00:00:00Z', '28 days'],
    ['2027-13-01T00:00:00Z', 'months'],
    ['2027-00-01T00:00:00Z', 'months'],
    ['2027-01-00T00:00:00Z', '31 days'],
    ['2027-01-01T24:00:00Z', 'times are'],
    ['2027-01-01T23:60:00Z', 'times are'],
    ['2027-01-01T23:59:61Z', 'times are'],
    ['2026-12-31T23:59:60Z', 'leap second'],
    ['2027-01-01T00:00:00+24:00', 'offset'],
    ['2027-01-01T00:00:00+02:60', 'offset'],
    ['1969-12-31T23:59:59Z', '1970'],
    ['0001-01-01T00:00:00Z', '1970'],
    ['1970-01-01T00:00:00+00:01', '1970'],
    ['9999-12-31T23:59:59-00:01', '9999'],
    ['2027-01-01T00:00:00', 'RFC 3339'],
    ['2027-01-01 00:00:00Z', 'RFC 3339'],
    ['2027-01-01T00:00:00+0200', 'RFC 3339'],
    ['2027-01-01T00:00:00,5Z', 'RFC 3339'],
    ['+2027-01-01T00:00:00Z', 'RFC 3339'],
    ['12027-01-01T00:00:00Z', 'RFC 3339'],
    ['2027-01-01T00:00:00Z\n', 'RFC 3339'],
    ['2027-1-1T00:00:00Z', 'RFC 3339'],
    ['٢٠٢٧-01-01T00:00:00Z', 'RFC 3339'],
    ['1798761600', 'RFC 3339'],
    ['', 'RFC 3339'],
  ])('outside case 09: %j is none, and why', (text, why) => {
    expect(problemOf(text)).toContain(why);
    expect(instantMillis(text)).toBeNaN();
  });

  test('every moment is read back, in UTC and with an offset', () => {
    const moments = fc.tuple(
      fc.integer({ min: 86_400_000, max: lastInstant - 86_400_000 }),
      fc.integer({ min: -1_439, max: 1_439 }),
    );
    fc.assert(
      fc.property(moments, ([at, minutes]) => {
        expect(instantMillis(new Date(at).toISOString())).toBe(at);
        const local = new Date(at + minutes * 60_000).toISOString().slice(0, -1);
        const two = (part: number): string => String(Math.trunc(part)).padStart(2, '0');
        const size = Math.abs(minutes);
        const offset = `${minutes < 0 ? '-' : '+'}${two(size / 60)}:${two(size % 60)}`;
        expect(instantMillis(`${local}${offset}`)).toBe(at);
      }),
    );
  });
});
