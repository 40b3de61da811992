import type { Millis } from '@ambit/kernel';

/** Keys whose end has come by this time. */
export function endedBy<K>(ends: ReadonlyMap<K, Millis>, high: Millis): K[] {
  const ended: K[] = [];
  for (const [key, end] of ends) if (end <= high) ended.push(key);
  return ended;
}

/** The first end that has not come by this time; undefined when there is none. */
export function nextEndAfter(ends: ReadonlyMap<unknown, Millis>, high: Millis): Millis | undefined {
  let next: Millis | undefined;
  for (const end of ends.values()) {
    if (end > high && (next === undefined || end < next)) next = end;
  }
  return next;
}
