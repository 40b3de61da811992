import { instantMillis } from '@ambit/kernel';

const steps = [
  { unit: 's', seconds: 1, below: 120 },
  { unit: 'm', seconds: 60, below: 120 * 60 },
  { unit: 'h', seconds: 3_600, below: 48 * 3_600 },
  { unit: 'd', seconds: 86_400, below: 730 * 86_400 },
  { unit: 'y', seconds: 365 * 86_400, below: Infinity },
] as const;

/** A length of time in one unit: `42m`, `3d`. */
export function shortDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const step = steps.find(({ below }) => seconds < below) ?? steps[0];
  return `${Math.floor(seconds / step.seconds)}${step.unit}`;
}

/** How long ago: `3d`; what lies ahead: `in 42m`. Empty for no time. */
export function relativeTime(time: string | undefined, now: number): string {
  if (time === undefined) return '';
  const difference = instantMillis(time) - now;
  if (Number.isNaN(difference)) return time;
  // A length that was asked for just now still shows as it was asked for.
  if (difference > 0) return `in ${shortDuration(Math.ceil(difference / 1000) * 1000)}`;
  return shortDuration(-difference);
}

/** When access ends: `in 42m`, `standing`, or `recurring` for what comes back with its hours. */
export function endOfAccess(
  { until, hours }: { readonly until?: string | undefined; readonly hours?: unknown },
  now: number,
): string {
  if (until !== undefined) return relativeTime(until, now);
  return hours === undefined ? 'standing' : 'recurring';
}
