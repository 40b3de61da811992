import type { Millis } from '@ambit/kernel';
import { hoursWithin, type GrantHours, type GrantWindow } from './grant-hours.ts';

const day = 86_400_000;

/** How far ahead a cluster always knows when access begins and ends, whether or not it hears of us. */
export const hoursAheadMs: Millis = 7 * day;
/** Laid out at once: one day more, so that it is done once a day. */
const laidMs: Millis = hoursAheadMs + day;
/** Most windows of a grant at once: five a day. Each is an entry in each cluster; who has more is laid out less far ahead. */
export const mostWindows = 40;

/** What says when a grant gives anything. */
export interface HoursOfGrant {
  readonly hours: readonly GrantHours[];
  readonly notBefore?: Millis;
  readonly until?: Millis;
}

/** Windows of a grant from a moment on. */
export interface LaidHours {
  /** In order; they do not touch. */
  readonly windows: readonly GrantWindow[];
  /** When the next have to be laid out; absent when these are all that there will ever be. */
  readonly due?: Millis;
}

/**
 * Lays the windows of a grant out from `now` on, or from its beginning. `known`: those of before. The one that is open stays
 * known by its beginning, so that hours that follow each other without a gap are one window that goes on.
 */
export function layOutHours(
  { hours, notBefore = 0, until = Infinity }: HoursOfGrant,
  now: Millis,
  known: readonly GrantWindow[] = [],
): LaidHours {
  const start = Math.max(now, notBefore);
  const end = Math.min(start + laidMs, until);
  if (start >= end) return { windows: [] };
  const all = hoursWithin(hours, start, end).map((window) => ({
    from: Math.max(beginning(window, now, known), notBefore),
    until: window.until,
  }));
  const windows = all.slice(0, mostWindows);
  if (all.length > mostWindows) {
    // While the second half of them is still to come.
    return { windows, due: windows[mostWindows / 2]?.from ?? start };
  }
  return end === until ? { windows } : { windows, due: end - hoursAheadMs };
}

const isOpen = ({ from, until }: GrantWindow, now: Millis): boolean => from <= now && now < until;

function beginning(window: GrantWindow, now: Millis, known: readonly GrantWindow[]): Millis {
  if (!isOpen(window, now)) return window.from;
  return known.find((each) => isOpen(each, now))?.from ?? window.from;
}
