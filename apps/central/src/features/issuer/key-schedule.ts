import type { Millis } from '@ambit/kernel';
import type { IssuerKeyRecord } from '@ambit/persistence';

const minute = 60_000;
/** How long one key signs. */
const inUseMs: Millis = 30 * 24 * 60 * minute;
/**
 * How long others may keep the keys. A kube-apiserver that meets an unknown key asks again when less than 30 s of this are
 * left, and not before: so it follows a stolen key within 30 s, and whoever shows it bad tokens makes it ask twice a minute.
 */
export const keysKeptMs: Millis = minute;
/** A key is published this long before it signs: whoever kept the keys of before has asked again, with time to spare. */
export const publishAheadMs: Millis = keysKeptMs + 10 * minute;
/** No token lasts longer, and clocks that differ are forgiven a little. */
const stillGoodMs: Millis = 60 * minute + 5 * minute;

type Timed = Pick<IssuerKeyRecord, 'kid' | 'signsFrom'>;

/** The key that signs now: the same at every replica, for it follows from the keys and the time. `keys` by when they sign. */
export function signingKey<K extends Timed>(keys: readonly K[], now: Millis): K | undefined {
  // Before all others the first: a clock that is behind must not leave a new installation without a key.
  return keys.findLast(({ signsFrom }) => signsFrom <= now) ?? keys[0];
}

/** True when a next key has to be published, so that it signs when the newest has signed for its time. */
export function isNextDue(keys: readonly Timed[], now: Millis): boolean {
  const newest = keys.at(-1);
  return newest === undefined || newest.signsFrom + inUseMs - publishAheadMs <= now;
}

/** Keys that another followed so long ago that nothing they signed is good any more. */
export function finishedKeys(keys: readonly Timed[], now: Millis): readonly string[] {
  return keys.flatMap(({ kid }, at) => {
    const next = keys[at + 1];
    return next !== undefined && next.signsFrom + stillGoodMs <= now ? [kid] : [];
  });
}
