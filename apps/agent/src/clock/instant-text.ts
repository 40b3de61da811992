import type { Millis } from '@ambit/kernel';

/** A moment as text; what stands on the disk need not be one that a date can hold. */
export function instantText(time: Millis): string {
  return Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : String(time);
}
