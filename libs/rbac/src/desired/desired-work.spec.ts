import { beforeAll, describe, expect, test } from '@jest/globals';
import { digests } from '../../test/digests.ts';
import { binding, ceilingWith, deny, namespace, owner } from '../../test/worlds.ts';
import type { BindingIntent, LabelSelector } from '../intents.ts';
import { DesiredState } from './desired-state.ts';

const namespaceCount = 1_000;
const intentCount = 10_000;
const teams = 100;

function team(index: number): LabelSelector {
  return { requirements: [{ key: 'team', operator: 'In', values: [`t${index}`] }] };
}

function standing(index: number, subjects: string[]): BindingIntent {
  const key = `BINDING/${index}`;
  const grants = [`grant-${index}`];
  if (index % 10 === 0) {
    const selector = team((index / 10) % teams);
    return binding({ key, grants, subjects, scope: { type: 'selector', selector } });
  }
  const names = [`n${index % namespaceCount}`];
  return binding({ key, grants, subjects, scope: { type: 'namespaces', names } });
}

describe('a world of 1,000 namespaces and 10,000 intents', () => {
  const state = new DesiredState({
    ...owner,
    digests,
    ceiling: ceilingWith(),
    clock: { low: 0, high: 0 },
  });

  beforeAll(() => {
    for (let index = 0; index < namespaceCount; index++) {
      state.setNamespace(namespace(`n${index}`, { team: `t${index % teams}` }));
    }
    const intents = Array.from({ length: intentCount }, (_, index) =>
      standing(index, [`ambit:u${index % 3_000}`]),
    );
    state.setIntents(intents);
  });

  /** What a step derived. */
  function workOf(step: () => void): { intents: number; selectors: number; groups: number } {
    const before = state.work;
    step();
    const after = state.work;
    return {
      intents: after.intents - before.intents,
      selectors: after.selectors - before.selectors,
      groups: after.groups - before.groups,
    };
  }

  test('one changed intent for one namespace derives one binding', () => {
    const intent = standing(1, ['ambit:new']);
    expect(workOf(() => state.setIntents([intent]))).toEqual({
      intents: 1,
      selectors: 0,
      groups: 1,
    });
  });

  test('one changed intent with a selector derives the namespaces it reaches', () => {
    const intent = standing(10, ['ambit:new']);
    const reached = namespaceCount / teams;
    expect(workOf(() => state.setIntents([intent]))).toEqual({
      intents: 1,
      selectors: 0,
      groups: reached,
    });
  });

  test('a namespace that changes teams is compared with the selectors of both teams only', () => {
    const moved = namespace('n5', { team: 't6' });
    const work = workOf(() => state.setNamespace(moved));
    expect(work).toEqual({ intents: 0, selectors: 2, groups: 1 });
    expect(workOf(() => state.setNamespace(moved))).toEqual({
      intents: 0,
      selectors: 0,
      groups: 0,
    });
  });

  test('a denied user costs only the intents that name the user', () => {
    const work = workOf(() => state.setIntents([deny('u', 'ambit:u77')]));
    expect(work.intents).toBe(Math.ceil((intentCount - 77) / 3_000));
    expect(work.selectors).toBe(0);
  });

  test('a moved clock costs nothing where no start and no end lies between', () => {
    const timed = binding({ key: 'BINDING/timed', grantUid: 'g', notBefore: 10, notAfter: 20 });
    state.setNamespace(namespace('payments'));
    state.setIntents([timed]);
    const steps = [5, 9, 10, 15, 19, 20, 30].map(
      (now) => workOf(() => state.setTime({ low: now, high: now })).intents,
    );
    expect(steps).toEqual([0, 0, 1, 0, 0, 1, 0]);
  });

  test('the same intents again derive no difference', () => {
    const again = Array.from({ length: 100 }, (_, index) =>
      standing(index + 200, [`ambit:u${(index + 200) % 3_000}`]),
    );
    expect(state.setIntents(again)).toEqual(new Set());
  });
});
