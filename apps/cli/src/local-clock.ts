import type { Millis } from '@ambit/kernel';

/** Milliseconds by which local clocks are ahead of UTC at a moment. */
export type OffsetAt = (at: Millis) => Millis;

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/**
 * The offset of this machine's time zone. `Date` serves as the table of time zones here and for nothing else: what a
 * clock shows is worked out below, because `Date` moves times that do not exist without a word.
 */
export const machineOffset: OffsetAt = (at) => -new Date(at).getTimezoneOffset() * 60_000;

/**
 * The moments at which local clocks show `shown`, in their order: one, two when clocks are set back over it, none when
 * they are set forward over it. `shown` is a reading of the clock, as if it were in UTC.
 */
export function momentsShowing(shown: Millis, offsetAt: OffsetAt): Millis[] {
  // No change of clocks is nearer to the next than a day, so that both sides of one are seen from here.
  const offsets = new Set([offsetAt(shown - dayMs), offsetAt(shown), offsetAt(shown + dayMs)]);
  return [...offsets]
    .map((offset) => shown - offset)
    .filter((at) => at + offsetAt(at) === shown)
    .sort((a, b) => a - b);
}

/** What clocks show last before a time they skip, to the minute, and what they show next. */
export function aroundSkipped(
  shown: Millis,
  offsetAt: OffsetAt,
): readonly [before: Millis, after: Millis] {
  const change = changeOver(shown, offsetAt);
  return [change - 60_000 + offsetAt(change - 1), change + offsetAt(change)];
}

/** The moment at which clocks are set forward over `shown`. */
function changeOver(shown: Millis, offsetAt: OffsetAt): Millis {
  const showsMore = (at: Millis): boolean => at + offsetAt(at) > shown;
  // Clocks are at most 14 hours off UTC, and a jump over the date line is a day.
  let [before, after] = [shown - 2 * dayMs, shown + 2 * dayMs];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (showsMore(middle)) after = middle;
    else before = middle;
  }
  return after;
}
