import { lastInstant, type Millis } from '@ambit/kernel';
import type { GrantWindow } from './grant-hours.ts';

/** The parts of a grant that say when it holds. */
export interface GrantTimes {
  readonly notBefore?: Millis;
  readonly until?: Millis;
  readonly ended?: boolean;
  /** The hours in which it holds, as far as they are laid out; absent: at all hours. */
  readonly windows?: readonly GrantWindow[];
}

export type GrantStatus = 'Scheduled' | 'Active' | 'OutsideHours' | 'Ended';

/**
 * True for a moment that may begin or end a grant: whole milliseconds after 1970 and before the year 10000.
 * Zero is none of them, because zero means "no end" on the wire.
 */
export function isMoment(time: number): boolean {
  return Number.isSafeInteger(time) && time > 0 && time <= lastInstant;
}

/** True when both times, as far as they are set, are moments and the end comes after the beginning. */
export function hasValidTimes({ notBefore, until }: GrantTimes): boolean {
  if (notBefore !== undefined && !isMoment(notBefore)) return false;
  if (until !== undefined && !isMoment(until)) return false;
  return notBefore === undefined || until === undefined || notBefore < until;
}

/** True when the grant begins or ends at a set time; such a grant is never mixed with standing ones. */
export function isTimeBound({ notBefore, until }: GrantTimes): boolean {
  return notBefore !== undefined || until !== undefined;
}

/**
 * Where a grant stands at `now`. It is over from the very millisecond of its end. Times that are no moments
 * (zero, negative, NaN, infinite) never mean "for ever": such a grant is Ended.
 */
export function grantStatus(grant: GrantTimes, now: Millis): GrantStatus {
  if (grant.ended === true || !hasValidTimes(grant)) return 'Ended';
  if (grant.until !== undefined && !(now < grant.until)) return 'Ended';
  if (grant.notBefore !== undefined && !(now >= grant.notBefore)) return 'Scheduled';
  const within = grant.windows?.some(({ from, until }) => from <= now && now < until) ?? true;
  return within ? 'Active' : 'OutsideHours';
}

/** The window that is open at `now`, or else the next to open; undefined when none is laid out. */
export const windowAt = (
  { windows = [] }: Pick<GrantTimes, 'windows'>,
  now: Millis,
): GrantWindow | undefined => windows.find(({ until }) => now < until);
