import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { wallTime } from './clock-of-zone.ts';
import { weekdays, hoursText, hoursWithin, type GrantHours } from './grant-hours.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
/** Hours of these tests begin and end, and clocks change, at whole steps. */
const step = 5 * minute;
const utc = (text: string): number => Date.parse(`${text}Z`);
const shown = (at: number): string => new Date(at).toISOString().slice(0, 16);

/** Half of the zones change their clocks, by an hour or by half of one, or once by a whole day. */
const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe'];
/** Around changes of the clock and away from them. */
const starts = [
  '2026-03-28T12:00',
  '2026-10-24T12:00',
  '2026-03-07T20:00',
  '2026-10-31T20:00',
  '2026-04-04T03:00',
  '2026-10-03T03:00',
  '2026-12-30T00:00',
  '2028-02-28T00:00',
].map(utc);

const two = (value: number): string => String(value).padStart(2, '0');
const time = fc
  .integer({ min: 0, max: 95 })
  .map((quarter) => `${two(Math.floor(quarter / 4))}:${two((quarter % 4) * 15)}`);
const someHours: fc.Arbitrary<GrantHours> = fc
  .record({
    days: fc.subarray([...weekdays], { minLength: 1 }),
    from: time,
    to: fc.oneof({ arbitrary: time, weight: 6 }, { arbitrary: fc.constant('24:00'), weight: 1 }),
    timeZone: fc.constantFrom(...zones),
  })
  .filter(({ from, to }) => from !== to);

const minutesOf = (text: string): number => {
  const [hours = 0, minutes = 0] = text.split(':').map(Number);
  return hours * 60 + minutes;
};

/**
 * Whether it is within the hours, step by step, by looking at a clock on the wall: what it has shown at the latest counts, so
 * that an hour that comes twice begins and ends nothing twice.
 */
function naively(all: readonly GrantHours[], from: number, until: number): Map<number, boolean> {
  const within = new Map<number, boolean>();
  const latest = new Map<GrantHours, number>();
  for (let at = from - day; at < until; at += step) {
    const now = all.some((hours) => {
      const wall = Math.max(latest.get(hours) ?? 0, wallTime(at, hours.timeZone));
      latest.set(hours, wall);
      return isWithin(hours, wall);
    });
    if (at >= from) within.set(at, now);
  }
  return within;
}

/** Of today, and of yesterday where it goes on into the next day. */
function isWithin({ days, from, to }: GrantHours, wall: number): boolean {
  const of = Math.floor(wall / minute) % (24 * 60);
  const name = (ago: number): string =>
    ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'][new Date(wall - ago * day).getUTCDay()] ?? '';
  const [begins, ends] = [minutesOf(from), minutesOf(to)];
  if (ends > begins) return days.includes(name(0)) && of >= begins && of < ends;
  return (days.includes(name(0)) && of >= begins) || (days.includes(name(1)) && of < ends);
}

describe('hours of a week', () => {
  test('are what a clock on the wall shows step by step, where it is put forward and back too', () => {
    let changes = 0;
    fc.assert(
      fc.property(
        fc.array(someHours, { minLength: 1, maxLength: 3 }),
        fc.constantFrom(...starts),
        (all, start) => {
          const end = start + 2 * day;
          const windows = hoursWithin(all, start, end);
          for (const [at, within] of naively(all, start, end)) {
            const told = windows.some(({ from, until }) => from <= at && at < until);
            if (told !== within) throw new Error(`${shown(at)}: ${told}`);
          }
          changes += windows.length;
        },
      ),
      { numRuns: 60 },
    );
    expect(changes).toBeGreaterThan(60);
  });

  test('do not touch each other, end at the end that is asked for and are in order', () => {
    fc.assert(
      fc.property(
        fc.array(someHours, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(...starts),
        (all, start) => {
          let last = -Infinity;
          for (const { from, until } of hoursWithin(all, start, start + 9 * day)) {
            expect(from).toBeGreaterThan(last);
            expect(until).toBeGreaterThan(Math.max(from, start));
            expect(until).toBeLessThanOrEqual(start + 9 * day);
            last = until;
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  const inBerlin = (from: string, to: string): GrantHours => ({
    days: [...weekdays],
    from,
    to,
    timeZone: 'Europe/Berlin',
  });
  const on = (date: string, hours: GrantHours): string[] => {
    const start = utc(`${date}T00:00`);
    const windows = hoursWithin([hours], start, start + day / 2);
    return windows
      .filter(({ from }) => from >= start)
      .map(({ from, until }) => `${shown(from).slice(11)}-${shown(until).slice(11)}`);
  };

  test('begin when the clock is put forward over their beginning', () => {
    expect(on('2026-03-29', inBerlin('02:30', '10:00'))).toEqual(['01:00-08:00']);
    expect(on('2026-03-29', inBerlin('01:30', '02:30'))).toEqual(['00:30-01:00']);
    expect(on('2026-03-29', inBerlin('02:10', '02:50'))).toEqual([]);
  });

  test('begin and end once in the hour that comes twice', () => {
    expect(on('2026-10-25', inBerlin('02:15', '02:45'))).toEqual(['00:15-00:45']);
    expect(on('2026-10-25', inBerlin('02:30', '10:00'))).toEqual(['00:30-09:00']);
    expect(on('2026-10-25', inBerlin('02:00', '03:00'))).toEqual(['00:00-02:00']);
  });

  test('of every day and all day are one window, at midnight too', () => {
    const start = utc('2026-10-20T00:00');
    const windows = hoursWithin([inBerlin('00:00', '24:00')], start, start + 9 * day);
    expect(windows).toHaveLength(1);
    expect(windows[0]?.until).toBe(start + 9 * day);
  });

  test('that overlap or meet are joined', () => {
    const start = utc('2026-11-30T00:00');
    const utcHours = (from: string, to: string) => ({ ...inBerlin(from, to), timeZone: 'UTC' });
    const windows = hoursWithin(
      [utcHours('08:00', '12:00'), utcHours('12:00', '14:00'), utcHours('13:00', '15:00')],
      start,
      start + day,
    );
    expect(windows).toEqual([{ from: start + 8 * 60 * minute, until: start + 15 * 60 * minute }]);
  });

  test.each([
    [['Mon', 'Tue', 'Wed', 'Thu', 'Fri'], 'Mon-Fri 08:00–18:00 UTC'],
    [['Sat', 'Sun'], 'Sat,Sun 08:00–18:00 UTC'],
    [['Sun', 'Mon', 'Tue', 'Wed', 'Fri'], 'Mon-Wed,Fri,Sun 08:00–18:00 UTC'],
    [[...weekdays], 'Mon-Sun 08:00–18:00 UTC'],
  ])('are told in words: %p', (days, text) => {
    expect(hoursText([{ days, from: '08:00', to: '18:00', timeZone: 'UTC' }])).toBe(text);
  });
});
