import type { Millis } from './ports.ts';

/** 9999-12-31T23:59:59.999Z: the last millisecond that RFC 3339 can write. */
export const lastInstant: Millis = 253_402_300_799_999;

/** A moment, or why the text is none, as the end of a sentence that begins with it. */
export type InstantReading =
  { readonly ok: true; readonly at: Millis } | { readonly ok: false; readonly problem: string };

/** How a moment is written, as the end of a sentence. */
export const instantForm = 'a time by RFC 3339, such as 2027-06-30T00:00:00Z';

const grammar =
  /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(?:[Zz]|([+-])(\d\d):(\d\d))$/;
const minuteMs = 60_000;
const dayMs = 86_400_000;

/**
 * Reads RFC 3339 with `Z` or an offset, from 1970 to 9999: the one parser of moments. The date has to exist; a leap second
 * is refused, since no clock here counts it; seconds may be left out; what is finer than a millisecond is cut off.
 */
export function readInstant(text: string): InstantReading {
  const found = grammar.exec(text);
  if (found === null) return { ok: false, problem: `is not ${instantForm}` };
  const part = (at: number): number => Number(found[at] ?? 0);
  const date = { year: part(1), month: part(2), day: part(3) };
  const wrong = dateProblem(date) ?? timeProblem(part(4), part(5), part(6));
  if (wrong !== undefined) return { ok: false, problem: wrong };
  if (part(9) > 23 || part(10) > 59) return { ok: false, problem: 'has an offset beyond 23:59' };
  const offset = (part(9) * 60 + part(10)) * (found[8] === '-' ? -1 : 1);
  const minutes = part(4) * 60 + part(5) - offset;
  const millis = Number((found[7] ?? '').slice(0, 3).padEnd(3, '0'));
  const at = dayNumber(date) * dayMs + minutes * minuteMs + part(6) * 1_000 + millis;
  return at >= 0 && at <= lastInstant
    ? { ok: true, at }
    : { ok: false, problem: 'is not between the years 1970 and 9999' };
}

/** The moment of a text that `readInstant` takes; NaN for any other, which every rule takes for an end that has come. */
export function instantMillis(text: string): Millis {
  const read = readInstant(text);
  return read.ok ? read.at : Number.NaN;
}

export interface CalendarDate {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
}

const daysOf = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Why there is no such day in the Gregorian calendar; undefined when there is. */
export function dateProblem({ year, month, day }: CalendarDate): string | undefined {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = month === 2 && isLeap ? 29 : daysOf[month - 1];
  if (days === undefined) return 'does not exist: months are 01 to 12';
  if (day >= 1 && day <= days) return undefined;
  const named = `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}`;
  return `does not exist: ${named} has ${days} days`;
}

/** Why there is no such time of day; undefined when there is. */
export function timeProblem(hour: number, minute: number, second: number): string | undefined {
  if (second === 60) return 'is a leap second, which no clock here counts: write :59';
  return hour <= 23 && minute <= 59 && second <= 59
    ? undefined
    : 'does not exist: times are 00:00:00 to 23:59:59';
}

/** Days from 1970-01-01 to a date that exists. */
export function dayNumber({ year, month, day }: CalendarDate): number {
  // Years that begin in March have their leap day last, so that months have one pattern.
  const marchYear = month > 2 ? year : year - 1;
  const leapDays =
    Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  // 719,468 days lie between 0000-03-01 and 1970-01-01.
  return marchYear * 365 + leapDays + dayOfYear - 719_468;
}
