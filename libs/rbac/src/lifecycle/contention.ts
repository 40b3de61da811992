import type { Millis } from '@ambit/kernel';
import type { Blocked, ObjectLife } from './object-life.ts';

const windowMs: Millis = 600_000;
const repairsAllowed = 5;
const firstHoldMs: Millis = 4_000;
const longestHoldMs: Millis = 60_000;
/** So many repairs in so short a time are a machine's doing, that would go on as fast as we do. */
const flood = { repairs: 12, withinMs: 3_000, waitMs: 1_000 };
const remembered = flood.repairs;

/** The life with one more repair. */
export function repaired(life: ObjectLife, at: Millis): ObjectLife {
  return { ...life, repairs: [...recent(life, at), at].slice(-remembered) };
}

/** Repairs that still count. */
export function recent({ repairs }: ObjectLife, at: Millis): readonly Millis[] {
  return repairs.length === 0 ? repairs : repairs.filter((each) => at - each < windowMs);
}

/** True when others change it so often that it is no accident. */
export function isContended(life: ObjectLife, at: Millis): boolean {
  return recent(life, at).length > repairsAllowed;
}

/**
 * What may not be done now because others keep undoing it, and for how long. Giving waits longer and longer; taking away
 * is never held back, but for a second where a machine puts excess back as fast as it is taken away.
 */
export function heldBack(
  life: ObjectLife,
  at: Millis,
): { readonly blocks: Blocked; readonly ms: Millis } | undefined {
  const repairs = recent(life, at);
  const last = repairs.at(-1);
  if (last === undefined || repairs.length <= repairsAllowed) return undefined;
  const first = repairs.at(-flood.repairs);
  if (first !== undefined && last - first < flood.withinMs && at - last < flood.waitMs) {
    return { blocks: 'all', ms: last + flood.waitMs - at };
  }
  const over = repairs.length - repairsAllowed - 1;
  const hold = Math.min(longestHoldMs, firstHoldMs * 2 ** over);
  return at - last < hold ? { blocks: 'giving', ms: last + hold - at } : undefined;
}
