import { AppError, lastInstant, type Millis } from '@ambit/kernel';

/** The parts of a grant that say when it holds. */
export interface GrantTimes {
  readonly notBefore?: Millis;
  readonly until?: Millis;
  readonly ended?: boolean;
}

export type GrantStatus = 'Pending' | 'Active' | 'Ended';

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
  if (grant.notBefore !== undefined && !(now >= grant.notBefore)) return 'Pending';
  return 'Active';
}

/**
 * The end of something that begins now and lasts `ttlMs` milliseconds.
 * Throws `invalid_request` unless the duration is a positive number that ends before the year 10000.
 */
export function endAfter(now: Millis, ttlMs: number): Millis {
  const end = now + ttlMs;
  if (!(ttlMs >= 1) || !Number.isSafeInteger(ttlMs) || !isMoment(end)) {
    throw new AppError(
      'invalid_request',
      `${ttlMs} milliseconds is no duration a grant can have.`,
      {
        hint: 'Give a duration of at least one millisecond that ends before the year 10000, such as 1h.',
      },
    );
  }
  return end;
}

/**
 * Refuses times a new or changed grant may not have.
 * Throws `end_in_the_past` for an end that is over and `invalid_policy` for times that make no sense.
 */
export function requireGrantTimes(times: GrantTimes, now: Millis): void {
  const faulty = [times.notBefore, times.until].find(
    (time) => time !== undefined && !isMoment(time),
  );
  if (faulty !== undefined) {
    throw new AppError('invalid_policy', `${faulty} is no moment a grant can begin or end at.`, {
      hint: 'Write times in RFC 3339, after 1970 and before the year 10000.',
    });
  }
  if (times.until !== undefined && times.until <= now) {
    throw new AppError('end_in_the_past', 'The end of this grant has already passed.', {
      hint: 'Set `until` to a time to come, or leave it out for a grant without end.',
    });
  }
  if (!hasValidTimes(times)) {
    throw new AppError('invalid_policy', 'This grant would end before it begins.', {
      hint: 'Set `until` to a time after `notBefore`.',
    });
  }
}
