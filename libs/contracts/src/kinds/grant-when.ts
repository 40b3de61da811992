import { weekdays } from '@ambit/domain';
import { z } from 'zod';

/** Days as people write them. */
export { weekdays };

/** A time of the day in 24 hours; `24:00` is its end. */
const TimeOfDay = z
  .string()
  .regex(/^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$/, 'a time of the day such as 08:30');

const isTimeZone = (name: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
};

/** A name of the IANA time zone database, so that changes of the clock are followed; an offset such as `+02:00` is none. */
const TimeZone = z
  .string()
  .max(64)
  .regex(/^[A-Za-z]/, 'a time zone such as Europe/Berlin or UTC')
  .refine(isTimeZone, 'no known time zone; write one such as Europe/Berlin or UTC');

/** Times of a week. One whose `to` is not after its `from` goes on into the next day. */
export const HoursWrite = z
  .strictObject({
    days: z
      .array(z.enum(weekdays))
      .min(1, 'name at least one day')
      .max(7)
      .refine((days) => new Set(days).size === days.length, 'each day once'),
    from: TimeOfDay.refine((from) => from !== '24:00', 'a day begins at 00:00'),
    to: TimeOfDay,
    timeZone: TimeZone,
  })
  .refine(({ from, to }) => from !== to, {
    message: 'it has to end at another time',
    path: ['to'],
  });
export type HoursWrite = z.infer<typeof HoursWrite>;

/**
 * What has to hold besides for a grant to give anything. `match`: an expression in CEL over `user.attributes.NAME`, `user.groups`
 * and `cluster.labels.NAME`; who lacks what it reads is not matched. `hours`: within any of them.
 */
export const GrantWhenWrite = z
  .strictObject({
    match: z.string().min(1).max(500).exactOptional(),
    hours: z.array(HoursWrite).min(1, 'name at least one').max(10).exactOptional(),
  })
  .refine(({ match, hours }) => match !== undefined || hours !== undefined, {
    message: 'at least one of "match" and "hours"',
  });
export type GrantWhenWrite = z.infer<typeof GrantWhenWrite>;

export const GrantWhen = z.object({
  match: z.string().optional(),
  hours: z
    .array(
      z.object({
        days: z.array(z.string()),
        from: z.string(),
        to: z.string(),
        timeZone: z.string(),
      }),
    )
    .optional(),
});
export type GrantWhen = z.infer<typeof GrantWhen>;
