import { heldBack, recent } from './contention.ts';
import { atRest } from './object-life.ts';
import type {
  Blocked,
  LifeEffect,
  LifeStep,
  Moment,
  ObjectLife,
  Verdict,
  Wait,
} from './object-life.ts';
import type { Write } from './taking-away.ts';
import { strangerWait, waitOf } from './waits.ts';

type Judged<T extends Verdict['type']> = Extract<Verdict, { type: T }>;

/** What follows from how an object compares with what is wanted. What is in flight is compared when it lands. */
export function compare(life: ObjectLife, verdict: Verdict, moment: Moment): LifeStep {
  if (life.state === 'busy') return { life, effects: [] };
  if (life.missing !== 'no') return lookFor(life, verdict, moment);
  switch (verdict.type) {
    case 'agrees':
      return settle(life, verdict.wanted, moment);
    case 'adopt': {
      const { life: settled, effects } = settle(life, true, moment);
      return { life: settled, effects: [{ type: 'noteOurs', uid: verdict.uid }, ...effects] };
    }
    case 'quiet':
      return { life: life.state === 'due' ? { ...life, state: 'idle' } : life, effects: out(life) };
    case 'onHold':
      return { life: { ...life, state: 'onHold' }, effects: out(life) };
    case 'foreign':
      return leaveAlone(life, verdict, moment);
    case 'write':
      return plan(life, verdict, moment);
  }
}

/** As much of a write as may be done now; undefined when nothing of it may. */
export function allowedNow(
  life: ObjectLife,
  { operation, taking }: Judged<'write'>,
  at: Moment['at'],
): Write | undefined {
  const blocked = blockedBy(life, at)?.blocks;
  if (blocked === undefined) return operation;
  return blocked === 'giving' ? taking : undefined;
}

function blockedBy(
  life: ObjectLife,
  at: Moment['at'],
): { readonly blocks: Blocked; readonly ms?: number } | undefined {
  const { wait } = life;
  // Looking at it now and then keeps nothing from being written.
  if (wait !== undefined && wait.until > at && wait.why !== 'looking') return wait;
  return heldBack(life, at);
}

function plan(life: ObjectLife, verdict: Judged<'write'>, moment: Moment): LifeStep {
  const operation = allowedNow(life, verdict, moment.at);
  if (operation !== undefined) {
    const effects: LifeEffect[] = [{ type: 'enqueue', lane: operation.lane }];
    return { life: { ...life, state: 'due' }, effects };
  }
  const blocked = blockedBy(life, moment.at);
  const waiting: ObjectLife = { ...life, state: 'waiting' };
  if (blocked?.ms === undefined) return { life: waiting, effects: out(life) };
  const message = `others keep changing it${life.changedBy === '' ? '' : `, the last one was ${life.changedBy}`}`;
  const { changedBy } = life;
  return {
    life: { ...waiting, wait: waitOf('contended', blocked.blocks, blocked.ms, moment) },
    effects: [
      ...out(life),
      { type: 'wait', ms: blocked.ms },
      {
        type: 'report',
        problem: { reason: 'contended', message, terminal: true, changedBy },
      },
    ],
  };
}

function settle(life: ObjectLife, wanted: boolean, { at }: Moment): LifeStep {
  const effects: LifeEffect[] = [
    ...out(life),
    ...wake(life.wait),
    ...(life.state === 'foreign' ? [{ type: 'forgetStranger' } as const] : []),
    { type: 'settled' },
    ...(life.drifted ? [{ type: 'tell', telling: { type: 'corrected', wanted } } as const] : []),
  ];
  const repairs = recent(life, at);
  if (repairs.length === 0) return { life: atRest, effects };
  const { changedBy, told } = life;
  const { contended } = told;
  return {
    life: { ...atRest, repairs, changedBy, told: contended === undefined ? {} : { contended } },
    effects,
  };
}

function leaveAlone(life: ObjectLife, verdict: Judged<'foreign'>, moment: Moment): LifeStep {
  const { object, watched, about } = verdict;
  const polled = object.inTheWay && !watched;
  const looked: LifeStep = polled
    ? pollStranger(life, moment)
    : { life: { ...life, wait: undefined }, effects: wake(life.wait) };
  const tell: LifeEffect[] =
    life.told.foreign === about ? [] : [{ type: 'tell', telling: { type: 'foreign', object } }];
  return {
    life: {
      ...looked.life,
      state: 'foreign',
      conflicts: 0,
      told: { ...life.told, foreign: about },
    },
    effects: [
      ...out(life),
      ...looked.effects,
      {
        type: 'report',
        problem: { reason: 'foreign_object', message: strangerMessage, terminal: true },
      },
      ...tell,
    ],
  };
}

const strangerMessage = 'An object that is not ours stands there; it is left alone';

/** Looks again after a while, longer each time; what a look was planned for before counts on. */
function pollStranger(life: ObjectLife, moment: Moment): LifeStep {
  if (running(life.wait, moment)) return { life, effects: [] };
  const known = life.state === 'foreign' || life.wait?.why === 'looking';
  const failures = known ? life.failures : 0;
  const ms = strangerWait({ ...life, failures }, moment);
  const wait = waitOf('looking', 'all', ms, moment);
  return { life: { ...life, failures: failures + 1, wait }, effects: [{ type: 'wait', ms }] };
}

function running(wait: Wait | undefined, { at }: Moment): Wait | undefined {
  return wait?.why === 'looking' && wait.until > at ? wait : undefined;
}

/** A removal that has to be looked for first is in as much of a hurry as one that has not. */
function lookFor(life: ObjectLife, verdict: Verdict, moment: Moment): LifeStep {
  if (running(life.wait, moment)) {
    return { life: { ...life, state: 'waiting' }, effects: out(life) };
  }
  const lane = isGiven(verdict) ? 'P2' : 'P0';
  return { life: { ...life, state: 'due' }, effects: [{ type: 'enqueue', lane }] };
}

/** True when all there is to do about an object that is missing is to make it. */
export function isGiven(verdict: Verdict): boolean {
  return (
    verdict.type === 'foreign' ||
    (verdict.type === 'write' && verdict.operation.type === 'create') ||
    (verdict.type === 'agrees' && verdict.wanted)
  );
}

/** Out of its lane, where it is in one. */
export function out({ state }: ObjectLife): LifeEffect[] {
  return state === 'due' ? [{ type: 'leaveLane' }] : [];
}

export function wake(wait: Wait | undefined): LifeEffect[] {
  return wait === undefined ? [] : [{ type: 'wake' }];
}
