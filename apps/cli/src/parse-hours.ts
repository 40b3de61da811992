import { HoursWrite, weekdays } from '@ambit/contracts';
import { AppError } from '@ambit/kernel';

type Weekday = (typeof weekdays)[number];

/**
 * Reads `Mon-Fri 08:00-18:00 Europe/Berlin`, the way answers tell hours; several with commas between, and days such as
 * `Mon,Wed-Fri`. Throws `usage` for anything else.
 */
export const parseHours = (text: string): HoursWrite[] =>
  text.split(/,\s+/).map((each) => {
    const [days, times = '', timeZone, ...more] = each.trim().split(/\s+/);
    const [from, to] = times.split(/[-–]/);
    const read = HoursWrite.safeParse({ days: daysOf(days), from, to, timeZone });
    if (!read.success || more.length > 0) throw noHours(each, read.error?.issues[0]?.message);
    return read.data;
  });

const noHours = (text: string, why?: string): AppError =>
  new AppError('usage', `"${text}" is no time of a week${why === undefined ? '' : `: ${why}`}`, {
    hint: 'Write days, times and time zone: "Mon-Fri 08:00-18:00 Europe/Berlin".',
  });

function daysOf(text = ''): Weekday[] {
  const named = text.split(',').flatMap((part) => {
    const [first = '', last = first, ...more] = part.split('-');
    const [begin, end] = [indexOf(first), indexOf(last)];
    if (begin < 0 || end < 0 || more.length > 0) return [];
    const length = (end - begin + weekdays.length) % weekdays.length;
    return Array.from({ length: length + 1 }, (_, at) => weekdays[(begin + at) % weekdays.length]);
  });
  return weekdays.filter((day) => named.includes(day));
}

const indexOf = (day: string): number => weekdays.findIndex((one) => one === day);
