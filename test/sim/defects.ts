import { nextLife } from '@ambit/rbac';
import type { LifeEffect, LifeStep, ObjectLife } from '@ambit/rbac';
import type { ClockInterval } from '../../apps/agent/src/clock/clock-interval.ts';
import type { Defect } from './virtual-agent.ts';
import type { VirtualClient } from './virtual-client.ts';
import type { VirtualInventory } from './virtual-inventory.ts';

type Next = typeof nextLife;

/** The life without some of its effects. */
function without(
  step: LifeStep,
  drop: (effect: LifeEffect) => boolean,
  life: Partial<ObjectLife> = {},
): LifeStep {
  const effects = step.effects.filter((effect) => !drop(effect));
  return { life: { ...step.life, ...life }, effects };
}

const refusedRemovalGivenUp: Next = (life, event, moment) => {
  const step = nextLife(life, event, moment);
  const refused = event.type === 'answered' && event.write.outcome.type === 'refused';
  if (!refused || step.life.wait?.blocks !== 'all') return step;
  const wait = { ...step.life.wait, until: Infinity };
  return without(step, ({ type }) => type === 'wait', { wait });
};

const unheldWritesRace: Next = (life, event, moment) =>
  event.type === 'answered'
    ? nextLife(life, { ...event, write: { ...event.write, differs: undefined } }, moment)
    : nextLife(life, event, moment);

const strangersAreNeverLookedAt: Next = (life, event, moment) => {
  const step = nextLife(life, event, moment);
  return step.life.state === 'foreign' ? without(step, ({ type }) => type === 'wait') : step;
};

const strangersAreDeleted: Next = (life, event, moment) => {
  if (!('verdict' in event) || event.verdict.type !== 'foreign') {
    return nextLife(life, event, moment);
  }
  const { key } = event.verdict.object;
  const removal = { uid: '', resourceVersion: '', finalizers: [], deleting: false };
  const operation = { type: 'delete', lane: 'P0', key, ...removal } as const;
  const verdict = { type: 'write', operation, taking: operation } as const;
  return nextLife(life, { ...event, verdict }, moment);
};

const whatIsGoneIsNotMissed: Next = (life, event, moment) =>
  event.type === 'missed' ? { life, effects: [] } : nextLife(life, event, moment);

const driftIsIgnored: Next = (life, event, moment) =>
  event.type === 'changed' ? { life, effects: [] } : nextLife(life, event, moment);

const timersAreLost: Next = (life, event, moment) =>
  event.type === 'timer' ? { life, effects: [] } : nextLife(life, event, moment);

const failuresAreForgotten: Next = (life, event, moment) => {
  const step = nextLife(life, event, moment);
  const failed = event.type === 'answered' && event.write.outcome.type !== 'done';
  return failed ? without(step, ({ type }) => type === 'wait', { wait: undefined }) : step;
};

const excessIsNotReported: Next = (life, event, moment) =>
  without(nextLife(life, event, moment), ({ type }) => type === 'report');

const whatLandsIsNotLookedAt: Next = (life, event, moment) =>
  event.type === 'look' && life.state === 'idle'
    ? { life, effects: [] }
    : nextLife(life, event, moment);

const looksWriteAgain: Next = (life, event, moment) => {
  const step = nextLife(life, event, moment);
  const settles = event.type === 'wanted' && step.effects.some(({ type }) => type === 'settled');
  return settles ? without(step, ({ type }) => type === 'settled') : step;
};

/** The same object, but for one method. */
function but<T extends object>(of: T, change: Partial<T>): T {
  return new Proxy(of, {
    get: (target, name) => {
      if (name in change) return change[name as keyof T];
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** Faults that somebody might make; a simulation that does not find each of them proves nothing. */
export const defects: Readonly<Record<string, Defect>> = {
  'a refused removal is given up': { next: refusedRemovalGivenUp },
  'a write that does not hold is written again at once': { next: unheldWritesRace },
  "somebody else's object in the way is never looked at again": {
    next: strangersAreNeverLookedAt,
  },
  "somebody else's object in the way is deleted": {
    next: strangersAreDeleted,
    client: (client) =>
      but(client, {
        delete: (resource, key) => client.delete(resource, key),
      } as Partial<VirtualClient>),
  },
  'what no watch shows any more is not looked for': { next: whatIsGoneIsNotMissed },
  'what others change is not put right': { next: driftIsIgnored },
  'timers never fire': { next: timersAreLost },
  'a failure is no reason to wait': { next: failuresAreForgotten },
  'nobody is told of excess': { next: excessIsNotReported },
  'what changed while a write was in flight is not looked at': { next: whatLandsIsNotLookedAt },
  'what settles is not told to anybody': { next: looksWriteAgain },
  'time stands still': {
    clock: (clock) => {
      const frozen = clock.now();
      return but(clock, { now: () => frozen } as Partial<ClockInterval>);
    },
  },
  'the inventory does not know when what it holds ends': {
    inventory: (inventory) =>
      but(inventory, {
        ended: () => [],
        nextEnd: () => undefined,
        end: () => undefined,
      } as Partial<VirtualInventory>),
  },
};
