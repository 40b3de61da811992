import { AppError } from '@ambit/kernel';

const units: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const part = /(\d{1,9})([smhdw])/gy;

/** Milliseconds of a duration such as `90s`, `30m`, `1h30m`, `7d`. Throws `usage`; nothing and zero are refused. */
export function parseDuration(text: string): number {
  let total = 0;
  part.lastIndex = 0;
  for (let at = 0; at < text.length; at = part.lastIndex) {
    const match = part.exec(text);
    if (match === null) throw badDuration(text);
    total += Number(match[1]) * (units[match[2] ?? ''] ?? 0);
  }
  if (total <= 0 || !Number.isSafeInteger(total)) throw badDuration(text);
  return total;
}

function badDuration(text: string): AppError {
  return new AppError('usage', `"${text}" is not a duration`, {
    hint: 'Write it like 90s, 30m, 8h, 1h30m or 7d.',
  });
}

/**
 * A moment: RFC 3339, a day (`2027-06-30`, its end in local time), or a time of day (`18:00`, local, the next one).
 * Throws `usage` for anything else and for what is past.
 */
export function parseEnd(text: string, now: number): Date {
  const end = momentOf(text, now);
  if (end === undefined || Number.isNaN(end.getTime())) {
    throw new AppError('usage', `"${text}" is not a time`, {
      hint: 'Write it like 2027-06-30T18:00:00Z, 2027-06-30 or 18:00, or use --for 8h.',
    });
  }
  if (end.getTime() <= now) {
    throw new AppError('usage', `the end ${end.toISOString()} is in the past`);
  }
  return end;
}

const rfc3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

function momentOf(text: string, now: number): Date | undefined {
  if (rfc3339.test(text)) return new Date(text);
  const day = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (day !== null) return endOfDay(Number(day[1]), Number(day[2]), Number(day[3]));
  const clock = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text);
  return clock === null ? undefined : nextTimeOfDay(Number(clock[1]), Number(clock[2]), now);
}

function endOfDay(year: number, month: number, day: number): Date | undefined {
  const end = new Date(year, month - 1, day, 23, 59, 59);
  return end.getMonth() === month - 1 && end.getDate() === day ? end : undefined;
}

function nextTimeOfDay(hours: number, minutes: number, now: number): Date {
  const end = new Date(now);
  end.setHours(hours, minutes, 0, 0);
  if (end.getTime() <= now) end.setDate(end.getDate() + 1);
  return end;
}

/** The beginning of a look back: a duration before now, or RFC 3339. Throws `usage`. */
export function parseSince(text: string, now: number): string {
  const moment = rfc3339.test(text) ? new Date(text) : new Date(now - parseDuration(text));
  return moment.toISOString();
}
