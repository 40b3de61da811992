import { fullJitter } from '@ambit/kernel';
import type { BackoffShape, Millis } from '@ambit/kernel';
import type { Blocked, Moment, ObjectLife, Wait, WaitReason } from './object-life.ts';

/** What takes access away is never given up and never waits longer than five seconds. */
const removals: BackoffShape = { baseMs: 500, capMs: 5_000 };
const gifts: BackoffShape = { baseMs: 500, capMs: 60_000 };
/** A cause that lies outside is seldom gone at once, and nobody may have to wait over a minute for us to notice. */
const refusals: BackoffShape = { baseMs: 2_000, capMs: 60_000 };
const contention: BackoffShape = { baseMs: 1_000, capMs: 60_000 };
/** Somebody else's object under a name of ours is looked at so often: no watch shows it. */
const strangers: BackoffShape = { baseMs: 1_000, capMs: 30_000 };
const shortestMs: Millis = 50;

/** How long the next attempt waits, jittered over the whole range; `atLeastMs` is what the API server asked for. */
export function retryWait(
  life: ObjectLife,
  removal: boolean,
  { chance }: Moment,
  atLeastMs: Millis = 0,
): Millis {
  const shape = removal ? removals : gifts;
  const asked = Math.min(atLeastMs, shape.capMs);
  return Math.max(
    fullJitter(shape, life.failures, () => chance),
    asked,
    shortestMs,
  );
}

export function refusalWait(life: ObjectLife, moment: Moment): Millis {
  return halfJitter(refusals, life.failures, moment);
}

export function contentionWait(life: ObjectLife, moment: Moment): Millis {
  return halfJitter(contention, life.unheld, moment);
}

export function strangerWait(life: ObjectLife, moment: Moment): Millis {
  return halfJitter(strangers, life.failures, moment);
}

/** At least half of the range: a wait that is meant to spare the API server may not be nothing. */
function halfJitter(shape: BackoffShape, attempt: number, { chance }: Moment): Millis {
  const range = Math.min(shape.capMs, shape.baseMs * 2 ** Math.min(attempt, 30));
  return range / 2 + fullJitter({ baseMs: range / 2, capMs: range / 2 }, 0, () => chance);
}

export function waitOf(why: WaitReason, blocks: Blocked, ms: Millis, { at }: Moment): Wait {
  return { why, blocks, since: at, until: at + ms };
}
