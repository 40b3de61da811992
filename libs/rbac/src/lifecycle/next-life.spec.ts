import { describe, expect, test } from '@jest/globals';
import type { Lane } from '../diff/operation.ts';
import type { BindingObject } from '../model.ts';
import { nextLife } from './next-life.ts';
import { atRest } from './object-life.ts';
import type { LifeEffect, LifeEvent, ObjectLife, Verdict } from './object-life.ts';
import type { Write } from './taking-away.ts';
import type { WriteOutcome } from './write-answer.ts';

const key = 'RoleBinding/payments/ambit-view-1';
const body: BindingObject = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name: 'ambit-view-1', namespace: 'payments' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
};
const create: Write = { type: 'create', key, lane: 'P2', body };
const removal = (lane: Lane = 'P0'): Write => ({
  type: 'delete',
  key,
  lane,
  uid: 'u1',
  resourceVersion: '1',
  finalizers: [],
  deleting: false,
});
const agrees: Verdict = { type: 'agrees', wanted: true };
const toCreate: Verdict = { type: 'write', operation: create, taking: undefined };
const toRemove: Verdict = { type: 'write', operation: removal(), taking: removal() };
const inTheWay: Verdict = {
  type: 'foreign',
  object: { type: 'foreign', key, ownership: 'foreign', inTheWay: true },
  watched: false,
  about: 'edit: eve',
};

/** One life, led by hand; a chance of a half. */
class Led {
  life: ObjectLife = atRest;
  effects: readonly LifeEffect[] = [];
  at = 1_000;

  happens(event: LifeEvent): this {
    const step = nextLife(this.life, event, { at: this.at, chance: 0.5 });
    this.life = step.life;
    this.effects = step.effects;
    return this;
  }

  look(verdict: Verdict): this {
    return this.happens({ type: 'look', verdict });
  }

  /** It is sent and answered, and compared again. */
  sent(verdict: Verdict, outcome: WriteOutcome, differs?: string): this {
    this.look(verdict).happens({ type: 'turn', verdict });
    const [send] = this.effects;
    if (send?.type !== 'send') throw new Error(`it was not sent: ${JSON.stringify(this.effects)}`);
    const { operation } = send;
    return this.happens({ type: 'answered', write: { operation, outcome, differs } });
  }

  get types(): string[] {
    return this.effects.map(({ type }) => type);
  }

  get wait(): number | undefined {
    return this.effects.flatMap((effect) => (effect.type === 'wait' ? [effect.ms] : []))[0];
  }

  /** The timer fires. */
  timeIsUp(verdict: Verdict): this {
    this.at = this.life.wait?.until ?? this.at;
    return this.happens({ type: 'timer', verdict });
  }
}

const done: WriteOutcome = { type: 'done', object: body };
const refused: WriteOutcome = { type: 'refused', reason: 'kubernetes_refused', message: 'quota 3' };

describe('the life of an object', () => {
  test('as wanted it is at rest, and nothing is kept of it', () => {
    const led = new Led().look(agrees);
    expect(led.life).toBe(atRest);
    expect(led.types).toEqual(['settled']);
  });

  test('it is due, sent, and settles; a second look writes nothing', () => {
    const led = new Led().sent(toCreate, done).look(agrees);
    expect([led.types, led.life]).toEqual([['settled'], atRest]);
    expect(led.look(agrees).types).toEqual(['settled']);
  });

  test('while a request is in flight nothing else is asked for', () => {
    const led = new Led().look(toCreate).happens({ type: 'turn', verdict: toCreate });
    for (const type of ['look', 'wanted', 'hurry', 'timer'] as const) {
      expect(led.happens({ type, verdict: toRemove }).types).not.toContain('enqueue');
    }
    const write = { operation: create, outcome: done, differs: undefined };
    led.happens({ type: 'answered', write }).look(toRemove);
    expect(led.effects).toEqual([{ type: 'enqueue', lane: 'P0' }]);
  });

  test('a removal that a watch shows before its answer comes is not looked for', () => {
    const led = new Led().look(toRemove).happens({ type: 'turn', verdict: toRemove });
    led.happens({ type: 'missed', suspect: false, verdict: agrees });
    const write = { operation: removal(), outcome: { type: 'done' }, differs: undefined } as const;
    led.happens({ type: 'answered', write }).look(agrees);
    expect([led.types, led.life]).toEqual([['settled'], atRest]);
  });

  test('an object that no watch shows any more while it is changed is looked for', () => {
    const change = { ...removal('P2'), type: 'update' } as unknown as Write;
    const toChange: Verdict = { type: 'write', operation: change, taking: undefined };
    const led = new Led().look(toChange).happens({ type: 'turn', verdict: toChange });
    led.happens({ type: 'missed', suspect: false, verdict: toCreate });
    const metadata = { ...body.metadata, uid: 'u1' };
    const outcome: WriteOutcome = { type: 'done', object: { ...body, metadata } };
    const write = { operation: change, outcome, differs: undefined };
    led.happens({ type: 'answered', write }).look(agrees).happens({
      type: 'turn',
      verdict: agrees,
    });
    expect(led.types).toEqual(['lookFor']);
  });

  test('what somebody took away is made at once, and its answer tells the drift; what stood there all the same is looked for', () => {
    const led = new Led().happens({ type: 'missed', suspect: true, verdict: toCreate });
    led.happens({ type: 'turn', verdict: toCreate });
    expect(led.effects).toEqual([{ type: 'send', operation: create }]);
    const taken = new Led();
    taken.life = led.life;
    led.happens({ type: 'found', what: 'deleted', by: undefined, verdict: toCreate });
    expect(led.effects).toEqual([{ type: 'tell', telling: { type: 'drifted', what: 'deleted' } }]);
    const write = { operation: create, differs: undefined };
    led.happens({ type: 'answered', write: { ...write, outcome: done } }).look(agrees);
    expect(led.types).toEqual(['settled', 'tell']);
    const stands: WriteOutcome = { type: 'lookAgain', object: body };
    taken.happens({ type: 'answered', write: { ...write, outcome: stands } }).look(agrees);
    taken.happens({ type: 'turn', verdict: agrees });
    expect(taken.types).toEqual(['lookFor']);
  });

  test('what others take away again and again is not made at once but looked for, and waits', () => {
    const led = new Led();
    for (let time = 0; time < 5; time++) {
      led.at += 5_000;
      led.happens({ type: 'missed', suspect: true, verdict: toCreate });
      led.happens({ type: 'turn', verdict: toCreate });
      expect(led.types).toEqual(['send']);
      led.happens({ type: 'found', what: 'deleted', by: undefined, verdict: toCreate });
      const write = { operation: create, outcome: done, differs: undefined };
      led.happens({ type: 'answered', write }).look(agrees);
    }
    led.happens({ type: 'missed', suspect: true, verdict: toCreate });
    led.happens({ type: 'turn', verdict: toCreate });
    expect(led.types).toEqual(['lookFor']);
    led.happens({ type: 'found', what: 'deleted', by: undefined, verdict: toCreate });
    expect(led.look(toCreate).life.state).toBe('waiting');
  });

  test('outside case 04: what is refused is tried again after 1.5 s, 3 s, 6 s … and never later than a minute', () => {
    const led = new Led();
    const waits = Array.from({ length: 8 }, () => {
      const ms = led.sent(toCreate, refused).wait ?? 0;
      expect(led.look(toCreate).types).toEqual([]);
      led.timeIsUp(toCreate);
      return ms;
    });
    expect(waits.slice(0, 3)).toEqual([1_500, 3_000, 6_000]);
    expect(Math.max(...waits)).toBe(45_000);
  });

  test('outside case 04: a cause that changed lets it try at once, and once a second at most', () => {
    const led = new Led().sent(toCreate, refused).look(toCreate);
    const cause: LifeEvent = { type: 'cause', why: ['refused'], verdict: toCreate };
    led.at += 400;
    expect(led.happens(cause).effects).toEqual([{ type: 'wait', ms: 600 }]);
    led.at += 600;
    expect(led.happens(cause).types).toEqual(['wake', 'enqueue']);
    led.sent(toCreate, refused).look(toCreate);
    expect(led.happens({ ...cause, why: ['contended'] }).types).toEqual([]);
  });

  test('outside row B.2: a removal that is refused waits five seconds at most and is told once in the same words', () => {
    const led = new Led();
    const told = Array.from({ length: 12 }, (_, at) => {
      led.sent(toRemove, { ...refused, message: `quota ${at}` });
      expect(led.wait).toBeLessThanOrEqual(5_000);
      const tells = led.types.includes('tell');
      led.look(toRemove).timeIsUp(toRemove);
      return tells;
    });
    expect(told.filter(Boolean)).toEqual([true]);
  });

  test('what failed to be given keeps no removal waiting', () => {
    const led = new Led().sent(toCreate, refused);
    expect(led.look(toRemove).effects).toEqual([{ type: 'enqueue', lane: 'P0' }]);
  });

  test('outside case 01: a write that does not hold waits longer each time, and is told once', () => {
    const led = new Led();
    const differs = 'it also binds Group sec-auditors';
    const waits = Array.from({ length: 9 }, (_, at) => {
      led.sent(toCreate, done, differs);
      expect(led.types).toEqual(at === 0 ? ['wait', 'report', 'tell'] : ['wait', 'report']);
      const ms = led.wait ?? 0;
      led.look(toCreate).timeIsUp(toCreate);
      return ms;
    });
    expect(waits.slice(0, 4)).toEqual([750, 1_500, 3_000, 6_000]);
    expect(Math.max(...waits)).toBe(45_000);
  });

  test('protocol edge 16: others that keep changing it: giving waits, taking away does not', () => {
    const led = new Led();
    const change: LifeEvent = { type: 'changed', verdict: toCreate, by: 'kubectl' };
    for (let time = 0; time < 6; time++) {
      led.at += 5_000;
      led.happens(change);
      if (led.types.includes('enqueue')) {
        led.happens({ type: 'turn', verdict: toCreate });
        const write = { operation: create, outcome: done, differs: undefined };
        led.happens({ type: 'answered', write }).look(agrees);
      }
    }
    led.happens(change);
    expect(led.life).toMatchObject({ state: 'waiting', changedBy: 'kubectl' });
    expect(led.look(toRemove).types).toContain('enqueue');
  });

  test('outside row B.6: a stranger in the way is told once, looked at again, and forgotten when it is gone', () => {
    const led = new Led().look(inTheWay);
    expect(led.types).toEqual(['wait', 'report', 'tell']);
    const waits = [led.wait];
    for (let time = 0; time < 8; time++) {
      led.timeIsUp(inTheWay).happens({ type: 'turn', verdict: inTheWay });
      expect(led.types).toEqual(['lookFor']);
      led.happens({ type: 'found', verdict: inTheWay, what: 'changed', by: undefined });
      led.look(inTheWay);
      expect(led.types).toEqual(['wait', 'report']);
      waits.push(led.wait);
    }
    expect(waits.slice(0, 3)).toEqual([750, 1_500, 3_000]);
    expect(waits.at(-1)).toBe(22_500);
    led.timeIsUp(inTheWay).happens({ type: 'turn', verdict: inTheWay });
    led.happens({ type: 'found', verdict: toCreate, what: 'deleted', by: undefined });
    expect(led.look(toCreate).effects).toEqual([{ type: 'enqueue', lane: 'P2' }]);
  });

  test('a removal that has to be looked for first is as urgent as any', () => {
    const verdict: Verdict = { type: 'quiet' };
    const led = new Led().happens({ type: 'missed', verdict, suspect: false });
    expect(led.effects).toEqual([{ type: 'enqueue', lane: 'P0' }]);
  });
});
