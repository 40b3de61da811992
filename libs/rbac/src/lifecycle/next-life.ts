import { allowedNow, compare, isGiven, out, wake } from './compare.ts';
import { isContended, repaired } from './contention.ts';
import type {
  LifeEffect,
  LifeEvent,
  LifeStep,
  Moment,
  ObjectLife,
  Verdict,
  WaitReason,
} from './object-life.ts';
import { takeAnswer } from './take-answer.ts';
import type { Write } from './taking-away.ts';
import { retryWait, waitOf } from './waits.ts';

/** A cause that flutters lets us try once in this time. */
const causeAtMostEveryMs = 1_000;

/**
 * One step in the life of one object: what has to be done because of an event, and what has to be remembered until the
 * next one. At most one request about an object is in flight: between `send` or `lookFor` and the answer to it nothing
 * else is asked for.
 */
export function nextLife(life: ObjectLife, event: LifeEvent, moment: Moment): LifeStep {
  switch (event.type) {
    case 'look':
      return compare(life, event.verdict, moment);
    case 'wanted':
      return afresh(life, event.verdict, moment);
    case 'hurry':
      return tryNow(life, event.verdict, moment);
    case 'cause':
      return causeChanged(life, event.why, event.verdict, moment);
    case 'changed':
      return changedByOthers(life, { ...event, what: 'changed' }, moment);
    case 'missed':
      return compare(missed(life, event.suspect), event.verdict, moment);
    case 'turn':
      return itsTurn(life, event.verdict, moment);
    case 'found':
      return found(life, event, moment);
    case 'notFoundOut':
      return notFoundOut(life, event, moment);
    case 'answered':
      return takeAnswer(life, event.write, moment);
    case 'timer':
      return timeIsUp(life, event.verdict, moment);
  }
}

function afresh(life: ObjectLife, verdict: Verdict, moment: Moment): LifeStep {
  const { refused: _refused, ...told } = life.told;
  const fresh: ObjectLife = { ...life, failures: 0, conflicts: 0, unheld: 0, told };
  return tryNow(fresh, verdict, moment);
}

function tryNow(life: ObjectLife, verdict: Verdict, moment: Moment): LifeStep {
  const free: ObjectLife = { ...life, wait: undefined };
  const step = compare(lookAtStranger(free, verdict), verdict, moment);
  return { life: step.life, effects: [...wake(life.wait), ...step.effects] };
}

/** No watch shows somebody else's object: whether it is still there is known only by looking. */
function lookAtStranger(life: ObjectLife, verdict: Verdict): ObjectLife {
  const unseen = life.state === 'foreign' && verdict.type === 'foreign' && !verdict.watched;
  return unseen ? { ...life, missing: 'unseen' } : life;
}

function causeChanged(
  life: ObjectLife,
  why: readonly WaitReason[],
  verdict: Verdict,
  moment: Moment,
): LifeStep {
  const { wait } = life;
  if (wait === undefined || !why.includes(wait.why)) return { life, effects: [] };
  const fresh: ObjectLife = { ...life, failures: 0, unheld: 0 };
  const soonest = wait.since + causeAtMostEveryMs;
  if (moment.at >= soonest) return tryNow(fresh, verdict, moment);
  const until = Math.min(wait.until, soonest);
  return {
    life: { ...fresh, wait: { ...wait, until } },
    effects: [{ type: 'wait', ms: until - moment.at }],
  };
}

interface Drift {
  readonly verdict: Verdict;
  readonly what: 'changed' | 'deleted';
  readonly by: string | undefined;
}

function changedByOthers(life: ObjectLife, drift: Drift, moment: Moment): LifeStep {
  const noted = noteDrift(life, drift, moment);
  const step = compare(noted.life, drift.verdict, moment);
  return { life: step.life, effects: [...noted.effects, ...step.effects] };
}

function noteDrift(life: ObjectLife, { verdict, what, by = '' }: Drift, { at }: Moment): LifeStep {
  if (verdict.type !== 'write') return { life, effects: [] };
  const drifted: ObjectLife = { ...repaired(life, at), drifted: true, changedBy: by };
  const effects: LifeEffect[] = [{ type: 'tell', telling: { type: 'drifted', what } }];
  if (!isContended(drifted, at) || life.told.contended !== undefined) {
    return { life: drifted, effects };
  }
  const message =
    'Others keep changing this object; access is given back with growing waits from now on, excess is taken away at once';
  effects.push({ type: 'tell', telling: { type: 'contended', changedBy: by, message } });
  return { life: { ...drifted, told: { ...life.told, contended: message } }, effects };
}

function missed(life: ObjectLife, suspect: boolean): ObjectLife {
  if (suspect) return { ...life, missing: 'suspect' };
  return life.missing === 'no' ? { ...life, missing: 'unseen' } : life;
}

function itsTurn(life: ObjectLife, verdict: Verdict, moment: Moment): LifeStep {
  if (life.state !== 'due') return { life, effects: [] };
  const busy: ObjectLife = { ...life, state: 'busy' };
  const operation = mayBeSent(life, verdict, moment);
  if (life.missing !== 'no' && operation?.type !== 'create') {
    return { life: busy, effects: [{ type: 'lookFor', removal: !isGiven(verdict) }] };
  }
  if (operation !== undefined) return { life: busy, effects: [{ type: 'send', operation }] };
  // Out of its lane already, and nothing is to be done any more, or not now.
  return compare({ ...life, state: 'idle' }, verdict, moment);
}

/**
 * What is missing and to be given is made at once: the answer tells as well as a look whether it still stood there. What
 * somebody took away counts as one more repair, by which it may have to wait.
 */
function mayBeSent(life: ObjectLife, verdict: Verdict, { at }: Moment): Write | undefined {
  if (verdict.type !== 'write') return undefined;
  return allowedNow(life.missing === 'suspect' ? repaired(life, at) : life, verdict, at);
}

function found(
  life: ObjectLife,
  event: Extract<LifeEvent, { type: 'found' }>,
  moment: Moment,
): LifeStep {
  const suspect = life.missing === 'suspect';
  const polled = life.told.foreign !== undefined;
  const known: ObjectLife = {
    ...life,
    state: polled ? 'foreign' : 'idle',
    missing: 'no',
    failures: polled ? life.failures : 0,
  };
  return suspect ? noteDrift(known, event, moment) : { life: known, effects: [] };
}

function notFoundOut(
  life: ObjectLife,
  { message, removal }: Extract<LifeEvent, { type: 'notFoundOut' }>,
  moment: Moment,
): LifeStep {
  const ms = retryWait(life, removal, moment);
  const wait = waitOf('looking', 'all', ms, moment);
  return {
    life: { ...life, state: 'waiting', failures: life.failures + 1, wait },
    effects: [
      ...out(life),
      { type: 'wait', ms },
      // That somebody else's object stands there is still the best that is known.
      ...(life.told.foreign === undefined
        ? [
            {
              type: 'report',
              problem: { reason: 'retrying', message, terminal: false },
            } as const,
          ]
        : []),
    ],
  };
}

function timeIsUp(life: ObjectLife, verdict: Verdict, moment: Moment): LifeStep {
  const free: ObjectLife = { ...life, wait: undefined };
  return compare(lookAtStranger(free, verdict), verdict, moment);
}
