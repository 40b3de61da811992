import {
  AppError,
  dateProblem,
  dayNumber,
  durationForm,
  readDuration,
  readInstant,
  timeProblem,
  type Millis,
} from '@ambit/kernel';
import { aroundSkipped, machineOffset, momentsShowing, type OffsetAt } from './local-clock.ts';

/** Milliseconds of a duration such as `90s`, `30m`, `1h30m`, `7d`. Throws `usage`; nothing and zero are refused. */
export function parseDuration(text: string): Millis {
  const length = readDuration(text);
  if (length !== undefined && length > 0) return length;
  throw new AppError('usage', `"${text}" is not a duration`, { hint: `Write it ${durationForm}.` });
}

/**
 * A moment: RFC 3339, a day (`2027-06-30`, its end), a day and a time (`2027-06-30 18:00`) or a time of day (`18:00`, the
 * next time it comes), the latter three by the clock of this machine. Throws `usage` for anything else, for a time that
 * clocks skip on that day, and for what is past.
 */
export function parseEnd(text: string, now: Millis, offsetAt: OffsetAt = machineOffset): Date {
  const end = momentOf(text, { now, offsetAt });
  if (end <= now) {
    throw new AppError('usage', `the end ${new Date(end).toISOString()} is in the past`);
  }
  return new Date(end);
}

interface LocalClock {
  readonly now: Millis;
  readonly offsetAt: OffsetAt;
}

const dayMs = 86_400_000;
const dayForm = /^(\d{4})-(\d\d)-(\d\d)$/;
const dayAndTime = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d))?$/;
const timeForm = /^(\d\d?):(\d\d)(?::(\d\d))?$/;

function momentOf(text: string, clock: LocalClock): Millis {
  const [day, both, time] = [dayForm, dayAndTime, timeForm].map((form) => form.exec(text));
  if (time) return nextTime(text, timeOfDay(text, time.slice(1)), clock);
  if (day) return endOfDay(text, dayOf(text, day), clock);
  if (both) {
    const shown = dayOf(text, both) + timeOfDay(text, both.slice(4));
    return timeOnDay(text, shown, clock);
  }
  const read = readInstant(text);
  if (read.ok) return read.at;
  throw noTime(text, read.problem);
}

/** Milliseconds from 1970 to the day's first minute, as clocks show it. */
function dayOf(text: string, [, year, month, day]: readonly string[]): Millis {
  const date = { year: Number(year), month: Number(month), day: Number(day) };
  const problem = dateProblem(date);
  if (problem !== undefined) throw noTime(text, problem);
  return dayNumber(date) * dayMs;
}

function timeOfDay(text: string, parts: readonly (string | undefined)[]): Millis {
  const [hour = 0, minute = 0, second = 0] = parts.map((part) => Number(part ?? 0));
  const problem = timeProblem(hour, minute, second);
  if (problem !== undefined) throw noTime(text, problem);
  return ((hour * 60 + minute) * 60 + second) * 1_000;
}

/** A reading that comes twice means the next one; one that never comes is nobody's to guess. */
function timeOnDay(text: string, shown: Millis, { now, offsetAt }: LocalClock): Millis {
  const moments = momentsShowing(shown, offsetAt);
  const next = moments.find((at) => at > now) ?? moments[0];
  if (next !== undefined) return next;
  const [before, after] = aroundSkipped(shown, offsetAt).map(readingText);
  throw noTime(text, `does not exist here: clocks go from ${before} to ${after}`);
}

/** The last second of a day, the later one when it comes twice. */
function endOfDay(text: string, midnight: Millis, { offsetAt }: LocalClock): Millis {
  for (let shown = midnight + dayMs - 1_000; shown >= midnight; shown -= 60_000) {
    const last = momentsShowing(shown, offsetAt).at(-1);
    if (last !== undefined) return last;
  }
  throw noTime(text, 'does not exist here: clocks skip the whole day');
}

/** The next moment at which clocks show this time of day: on a day that skips it, that is a day later. */
function nextTime(text: string, time: Millis, { now, offsetAt }: LocalClock): Millis {
  const today = Math.floor((now + offsetAt(now)) / dayMs) * dayMs;
  // Clocks that jump over the date line skip a whole day.
  for (const days of [-1, 0, 1, 2, 3]) {
    const next = momentsShowing(today + days * dayMs + time, offsetAt).find((at) => at > now);
    if (next !== undefined) return next;
  }
  throw noTime(text, 'does not come within three days');
}

function readingText(shown: Millis): string {
  return new Date(shown).toISOString().slice(0, 16).replace('T', ' ');
}

function noTime(text: string, problem: string): AppError {
  return new AppError('usage', `"${text}" is not a time: it ${problem}`, {
    hint: 'Write it like 2027-06-30T18:00:00Z, 2027-06-30, "2027-06-30 18:00" or 18:00, or use --for 8h.',
  });
}

/** The beginning of a look back: a duration before now, or RFC 3339. Throws `usage`. */
export function parseSince(text: string, now: Millis): string {
  const length = readDuration(text);
  if (length !== undefined && length > 0) return new Date(now - length).toISOString();
  const read = readInstant(text);
  if (read.ok) return new Date(read.at).toISOString();
  throw new AppError('usage', `"${text}" is neither a duration nor a time: it ${read.problem}`, {
    hint: 'Write it like 1h, 7d or 2027-06-30T18:00:00Z.',
  });
}
