import type { Millis } from '@ambit/kernel';

const minute = 60_000;
const day = 24 * 60 * minute;

/** A date and a time of it as a wall clock shows them, in milliseconds since 1970 as if the clock went by UTC. */
export type WallTime = number;

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-u-ca-iso8601-nu-latn', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(timeZone, format);
  }
  return format;
}

/** What a clock in the time zone shows at a moment, to the second. Throws RangeError for a zone that is not known. */
export function wallTime(at: Millis, timeZone: string): WallTime {
  const shown: Record<string, number> = {};
  for (const { type, value } of formatOf(timeZone).formatToParts(at)) shown[type] = Number(value);
  const { year = 0, month = 1, day: date, hour, minute: minutes, second } = shown;
  return Date.UTC(year, month - 1, date, hour, minutes, second);
}

/**
 * The first moment at which a clock in the time zone has shown `wall` or something later. Where the clock is put forward over
 * it that is the moment of the change; what it shows twice counts the first time. So it never goes back as `wall` goes on.
 */
export function firstShown(wall: WallTime, timeZone: string): Millis {
  const offsetAt = (at: Millis): number => wallTime(at, timeZone) - at;
  const before = offsetAt(wall - day);
  const after = offsetAt(wall + day);
  if (offsetAt(wall - before) === before) return wall - before;
  if (offsetAt(wall - after) === after) return wall - after;
  // The clock never shows it: it is put forward between these two.
  let [early, late] = [wall - after, wall - before];
  while (late - early > 1_000) {
    const middle = early + Math.floor((late - early) / 2_000) * 1_000;
    if (offsetAt(middle) === before) early = middle;
    else late = middle;
  }
  return late;
}
