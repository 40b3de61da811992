import type { Millis } from '@ambit/kernel';
import { firstShown, wallTime, type WallTime } from './clock-of-zone.ts';

/** Days as people write them, in the order of a week. */
export const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;

/** Times of a week by the clock of a place. One whose `to` is not after its `from` goes on into the next day. */
export interface GrantHours {
  readonly days: readonly string[];
  /** Such as `08:30`; `24:00` is the end of a day. */
  readonly from: string;
  readonly to: string;
  /** A name of the IANA time zone database. */
  readonly timeZone: string;
}

/** A stretch of time: from `from` on, and over from the very millisecond of `until`. */
export interface GrantWindow {
  readonly from: Millis;
  readonly until: Millis;
}

const minute = 60_000;
const day = 24 * 60 * minute;

/**
 * The hours between two moments: in order, with what touches or overlaps joined, and cut at `end`. The first may have begun
 * before `start`, and may be said to begin up to two days before it where hours follow each other without a gap.
 */
export function hoursWithin(
  hours: readonly GrantHours[],
  start: Millis,
  end: Millis,
): GrantWindow[] {
  const windows = hours
    .flatMap((each) => [...windowsOf(each, start, end)])
    .sort((a, b) => a.from - b.from);
  const joined: GrantWindow[] = [];
  for (const window of windows) {
    const last = joined.at(-1);
    if (last === undefined || window.from > last.until) joined.push(window);
    else joined[joined.length - 1] = { ...last, until: Math.max(last.until, window.until) };
  }
  return joined
    .filter(({ from, until }) => until > start && from < end)
    .map(({ from, until }) => ({ from, until: Math.min(until, end) }));
}

/** Those of each day on which one may begin that reaches in between. */
function* windowsOf(
  { days, from, to, timeZone }: GrantHours,
  start: Millis,
  end: Millis,
): Iterable<GrantWindow> {
  const [begins, ends] = [minutesOf(from), minutesOf(to)];
  const lasts = ends > begins ? ends : ends + 24 * 60;
  const last = dateOf(wallTime(end, timeZone)) + day;
  for (let date = dateOf(wallTime(start, timeZone)) - 2 * day; date <= last; date += day) {
    if (!days.includes(dayOf(date))) continue;
    const window = {
      from: firstShown(date + begins * minute, timeZone),
      until: firstShown(date + lasts * minute, timeZone),
    };
    // The clock was put forward over all of it.
    if (window.from < window.until) yield window;
  }
}

const dateOf = (wall: WallTime): WallTime => Math.floor(wall / day) * day;

/** 1970 began with a Thursday. */
const dayOf = (date: WallTime): string => weekdays[(Math.floor(date / day) + 3) % 7] ?? '';

function minutesOf(time: string): number {
  const [hours, minutes] = time.split(':').map(Number);
  return (hours ?? 0) * 60 + (minutes ?? 0);
}

/** The hours as people read them: `Mon-Fri 08:00–18:00 Europe/Berlin, Sat 10:00–14:00 Europe/Berlin`. */
export const hoursText = (hours: readonly GrantHours[]): string =>
  hours
    .map(({ days, from, to, timeZone }) => `${daysText(days)} ${from}–${to} ${timeZone}`)
    .join(', ');

/** Three or more that follow each other are told by the first and the last. */
function daysText(days: readonly string[]): string {
  const runs: string[][] = [];
  let before = -2;
  for (const [at, name] of weekdays.entries()) {
    if (!days.includes(name)) continue;
    if (at === before + 1) runs.at(-1)?.push(name);
    else runs.push([name]);
    before = at;
  }
  return runs.map((run) => (run.length < 3 ? run.join(',') : `${run[0]}-${run.at(-1)}`)).join(',');
}
