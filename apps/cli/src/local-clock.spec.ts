import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { momentsShowing, type OffsetAt } from './local-clock.ts';
import { parseEnd } from './parse-time.ts';

/** Clocks of a zone by the tables that Intl has. */
function clocksOf(timeZone: string): OffsetAt {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (at) => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? Number.NaN;
    const [year, month, day] = [part('year'), part('month'), part('day')];
    const shown = Date.UTC(year, month - 1, day, part('hour'), part('minute'), part('second'));
    return shown - Math.floor(at / 1_000) * 1_000;
  };
}

const end = (zone: string, now: string, text: string): string =>
  parseEnd(text, Date.parse(now), clocksOf(zone)).toISOString();

describe('outside case 09: a local time is what clocks show, the next time they show it', () => {
  test.each([
    // Clocks in Berlin go from 02:00 to 03:00 on 2027-03-28, at 01:00 UTC, and back from 03:00 to 02:00 on 2027-10-31.
    ['Europe/Berlin', '2027-03-28T00:30:00Z', '03:30', '2027-03-28T01:30:00.000Z'],
    ['Europe/Berlin', '2027-03-27T20:00:00Z', '18:00', '2027-03-28T16:00:00.000Z'],
    ['Europe/Berlin', '2027-03-27T20:00:00Z', '02:30', '2027-03-29T00:30:00.000Z'],
    ['Europe/Berlin', '2027-10-30T22:00:00Z', '02:30', '2027-10-31T00:30:00.000Z'],
    ['Europe/Berlin', '2027-10-31T00:40:00Z', '02:30', '2027-10-31T01:30:00.000Z'],
    ['Europe/Berlin', '2027-10-31T01:40:00Z', '02:30', '2027-11-01T01:30:00.000Z'],
    ['Europe/Berlin', '2027-10-31T00:40:00Z', '2027-10-31 02:30', '2027-10-31T01:30:00.000Z'],
    ['Europe/Berlin', '2027-01-01T00:00:00Z', '2027-10-31 02:30', '2027-10-31T00:30:00.000Z'],
    ['Europe/Berlin', '2027-01-01T00:00:00Z', '2027-06-30 18:00', '2027-06-30T16:00:00.000Z'],
    ['Europe/Berlin', '2027-01-01T00:00:00Z', '2027-06-30T18:00:30', '2027-06-30T16:00:30.000Z'],
    ['Europe/Berlin', '2027-01-01T00:00:00Z', '2027-03-28', '2027-03-28T21:59:59.000Z'],
    // Half an hour only.
    ['Australia/Lord_Howe', '2027-04-03T14:50:00Z', '01:45', '2027-04-03T15:15:00.000Z'],
    // Clocks in Nuuk go back from 00:00 to 23:00 the day before: that day's end comes twice.
    ['America/Nuuk', '2027-10-30T12:00:00Z', '2027-10-30', '2027-10-31T01:59:59.000Z'],
    ['America/Nuuk', '2027-10-31T00:40:00Z', '23:30', '2027-10-31T01:30:00.000Z'],
    // Samoa had no 30 December 2011.
    ['Pacific/Apia', '2011-12-30T02:00:00Z', '18:00', '2011-12-30T04:00:00.000Z'],
    ['Pacific/Apia', '2011-12-30T08:00:00Z', '18:00', '2011-12-31T04:00:00.000Z'],
  ])('%s, at %s: %s is %s', (zone, now, text, moment) => {
    expect(end(zone, now, text)).toBe(moment);
  });

  test.each([
    ['Europe/Berlin', '2027-03-28 02:00', '2027-03-28 01:59 to 2027-03-28 03:00'],
    ['Europe/Berlin', '2027-03-28 02:30', '2027-03-28 01:59 to 2027-03-28 03:00'],
    ['Europe/Berlin', '2027-03-28T02:59:59', '2027-03-28 01:59 to 2027-03-28 03:00'],
    ['America/New_York', '2027-03-14 02:15', '2027-03-14 01:59 to 2027-03-14 03:00'],
    ['Australia/Lord_Howe', '2027-10-03 02:10', '2027-10-03 01:59 to 2027-10-03 02:30'],
    ['Pacific/Apia', '2011-12-30 12:00', '2011-12-29 23:59 to 2011-12-31 00:00'],
    ['Pacific/Apia', '2011-12-30', 'clocks skip the whole day'],
  ])('%s: %s does not exist, and its neighbours are named', (zone, text, neighbours) => {
    expect(() => end(zone, '2011-01-01T00:00:00Z', text)).toThrow(neighbours);
  });

  test.each(['Europe/Berlin', 'Australia/Lord_Howe', 'America/Nuuk', 'Africa/Casablanca', 'UTC'])(
    'whatever clocks in %s show is found again, and nothing that they do not show',
    (zone) => {
      const offsetAt = clocksOf(zone);
      const seconds = fc.integer({ min: Date.UTC(2026, 0, 1) / 1_000, max: 2_000_000_000 });
      fc.assert(
        fc.property(seconds, (second) => {
          const at = second * 1_000;
          const shown = at + offsetAt(at);
          const moments = momentsShowing(shown, offsetAt);
          expect(moments).toContain(at);
          expect(moments.every((moment) => moment + offsetAt(moment) === shown)).toBe(true);
        }),
      );
    },
  );
});
