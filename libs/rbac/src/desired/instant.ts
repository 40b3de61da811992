import { instantMillis, lastInstant, type Millis } from '@ambit/kernel';

/** What the agent knows of the time: now lies between both. */
export interface ClockBounds {
  readonly low: Millis;
  readonly high: Millis;
}

interface Bounds {
  readonly notBefore?: Millis | undefined;
  readonly notAfter?: Millis | undefined;
}

/** True once the end may have come. An end that is no moment in time (NaN, infinite) has come. */
export function hasEnded({ notAfter }: Bounds, { high }: ClockBounds): boolean {
  if (notAfter === undefined) return false;
  return !(notAfter <= lastInstant && high < notAfter);
}

/** True when the start has surely come. A start that is no moment in time never comes. */
export function hasStarted({ notBefore }: Bounds, { low }: ClockBounds): boolean {
  return notBefore === undefined || low >= notBefore;
}

/** Milliseconds until the next start or end, if both bounds of the clock run on; undefined when none is to come. */
export function untilNextDeadline(
  bounds: Iterable<Bounds>,
  interval: ClockBounds,
): Millis | undefined {
  let least: Millis | undefined;
  const consider = (wait: Millis): void => {
    if (least === undefined || wait < least) least = wait;
  };
  for (const item of bounds) {
    if (hasEnded(item, interval)) continue;
    const toEnd = (item.notAfter ?? Infinity) - interval.high;
    const toStart = (item.notBefore ?? -Infinity) - interval.low;
    if (item.notAfter !== undefined) consider(toEnd);
    // A start that only comes with the end or after it never shows.
    if (toStart > 0 && toStart < toEnd && toStart < lastInstant) consider(toStart);
  }
  return least;
}

/** RFC 3339 in UTC with milliseconds. */
export function instantText(at: Millis): string {
  return new Date(at).toISOString();
}

/** Reads `instantText`; undefined for any other text, also for one that says the same moment otherwise. */
export function parseInstant(text: string): Millis | undefined {
  const at = instantMillis(text);
  return Number.isNaN(at) || instantText(at) !== text ? undefined : at;
}
