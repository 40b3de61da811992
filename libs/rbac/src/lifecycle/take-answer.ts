import type { LifeEffect, LifeProblem, LifeStep, Moment, ObjectLife } from './object-life.ts';
import { takesAway } from './taking-away.ts';
import type { Write } from './taking-away.ts';
import { wake } from './compare.ts';
import { contentionWait, refusalWait, retryWait, waitOf } from './waits.ts';
import type { AnsweredWrite, WriteRefused, WriteRetry } from './write-answer.ts';

/** Somebody who is faster that often in a row is given way to for a while. */
const conflictsInARow = 5;

/** Who changes a write before it is stored: the API server names us for it. */
export const admission = 'admission control (a policy or a webhook)';

/** What follows from the answer to a write. The object is compared again when its lane let go of it. */
export function takeAnswer(life: ObjectLife, write: AnsweredWrite, moment: Moment): LifeStep {
  const { operation, outcome, differs } = write;
  // A watch that shows that it went before the answer says so shows what was done.
  const missing = tookItAway(write) ? 'no' : life.missing;
  const landed: ObjectLife = { ...life, state: 'idle', missing };
  switch (outcome.type) {
    case 'done':
      return differs === undefined
        ? wentThrough(landed, operation)
        : didNotHold(landed, operation, differs, moment);
    case 'condemned':
      return wentThrough(landed, operation);
    case 'lookAgain':
      return lost(landed, operation, moment);
    case 'retry':
      return tryAgain(landed, operation, outcome, moment);
    case 'refused':
      return refused(landed, operation, outcome, moment);
  }
}

/** The object that stood there is gone by it: what no watch shows any more need not be looked for. */
function tookItAway({ operation, outcome }: AnsweredWrite): boolean {
  if (outcome.type !== 'done' || operation.type === 'create') return false;
  return outcome.object?.metadata.uid !== operation.uid;
}

/** What was taken away alone says nothing of what waits to be given. */
function wentThrough(life: ObjectLife, operation: Write): LifeStep {
  if (life.wait?.blocks === 'giving' && takesOnly(operation)) {
    return { life: { ...life, conflicts: 0 }, effects: [] };
  }
  return {
    life: { ...life, failures: 0, conflicts: 0, wait: undefined },
    effects: wake(life.wait),
  };
}

function takesOnly(operation: Write): boolean {
  switch (operation.type) {
    case 'create':
      return false;
    case 'delete':
      return true;
    case 'recreate':
      return operation.createHeld;
    case 'update':
      return operation.narrows && operation.gains.length === 0;
  }
}

/** It was answered as done and stands otherwise: what does that will do it again, as often as we try. */
function didNotHold(life: ObjectLife, operation: Write, differs: string, moment: Moment): LifeStep {
  // What was made wrongly can be taken away at once; what was narrowed and is not narrower cannot.
  const blocks = operation.type === 'update' && operation.narrows ? 'all' : 'giving';
  const ms = contentionWait(life, moment);
  const message = `what the API server keeps is not what was written: ${differs}`;
  const known = life.told.contended === differs;
  return {
    life: {
      ...life,
      conflicts: 0,
      unheld: life.unheld + 1,
      changedBy: admission,
      wait: waitOf('contended', blocks, ms, moment),
      told: { ...life.told, contended: differs },
    },
    effects: [
      { type: 'wait', ms },
      report({ reason: 'contended', message, terminal: true, changedBy: admission }),
      ...(known
        ? []
        : [
            {
              type: 'tell',
              telling: { type: 'contended', changedBy: admission, message },
            } as const,
          ]),
    ],
  };
}

function lost(life: ObjectLife, operation: Write, moment: Moment): LifeStep {
  const conflicts = life.conflicts + 1;
  if (conflicts % conflictsInARow !== 0) return { life: { ...life, conflicts }, effects: [] };
  const message = 'somebody else keeps writing it at the same moment';
  return waitFor({ ...life, conflicts }, operation, moment, {
    why: 'retry',
    ms: retryWait(life, takesAway(operation), moment),
    problem: { reason: 'retrying', message, terminal: false },
  });
}

function tryAgain(
  life: ObjectLife,
  operation: Write,
  { reason, message, afterMs }: WriteRetry,
  moment: Moment,
): LifeStep {
  const roleMissing = reason === 'role_missing';
  return waitFor(life, operation, moment, {
    why: roleMissing ? 'role' : 'retry',
    ms: retryWait(life, takesAway(operation), moment, afterMs),
    problem: { reason, message, terminal: roleMissing },
  });
}

function refused(
  life: ObjectLife,
  operation: Write,
  { reason, message }: WriteRefused,
  moment: Moment,
): LifeStep {
  const removal = takesAway(operation);
  const ms = removal ? retryWait(life, true, moment) : refusalWait(life, moment);
  const step = waitFor(life, operation, moment, {
    why: 'refused',
    ms,
    problem: { reason, message, terminal: true },
  });
  const about = withoutNumbers(message);
  if (!removal || life.told.refused === about) return step;
  return {
    life: { ...step.life, told: { ...life.told, refused: about } },
    effects: [...step.effects, { type: 'tell', telling: { type: 'removalRefused', message } }],
  };
}

/** A refusal that counts or names a time is still the same one. */
function withoutNumbers(text: string): string {
  return text.replaceAll(/\d+/g, '0');
}

function waitFor(
  life: ObjectLife,
  operation: Write,
  moment: Moment,
  { why, ms, problem }: Planned,
): LifeStep {
  const blocks = takesAway(operation) ? 'all' : 'giving';
  const effects: LifeEffect[] = [{ type: 'wait', ms }, report(problem)];
  return {
    life: { ...life, failures: life.failures + 1, wait: waitOf(why, blocks, ms, moment) },
    effects,
  };
}

interface Planned {
  readonly why: 'retry' | 'role' | 'refused';
  readonly ms: number;
  readonly problem: LifeProblem;
}

function report(problem: LifeProblem): LifeEffect {
  return { type: 'report', problem };
}
