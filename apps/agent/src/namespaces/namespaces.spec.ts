import { describe, expect, test } from '@jest/globals';
import { planLabels, releaseLabels } from './label-plan.ts';
import { patchTo } from './profile-objects.ts';
import { usedBeyond } from './quota-use.ts';

const set = (...keys: string[]) => ({ 'ambit.dev/set-labels': keys.join(',') });
const all = (): boolean => true;
const enforce = 'pod-security.kubernetes.io/enforce';

describe('labels of a namespace', () => {
  test('are set where there are none, and remembered as ours', () => {
    expect(planLabels({}, new Map([['tier', 'one']]), all)).toEqual({
      patch: { labels: { tier: 'one' }, annotations: set('tier') },
      foreign: [],
      refused: [],
    });
  });

  test('of others are left, also when they say what is wanted', () => {
    const live = { labels: { tier: 'two', kind: 'x' } };
    const wanted = new Map([
      ['tier', 'one'],
      ['kind', 'x'],
    ]);
    expect(planLabels(live, wanted, all)).toEqual({ foreign: ['tier'], refused: [] });
  });

  test('of ours that are not wanted any more, or not allowed, go', () => {
    const live = { labels: { a: '1', b: '2', c: '3' }, annotations: set('a', 'b') };
    const plan = planLabels(live, new Map([['b', '2']]), (key) => key !== 'b');
    expect(plan).toEqual({
      patch: { labels: { a: null, b: null }, annotations: { 'ambit.dev/set-labels': null } },
      foreign: [],
      refused: ['b'],
    });
  });

  test('that are as they should be cost nothing', () => {
    const live = { labels: { a: '1' }, annotations: set('a') };
    expect(planLabels(live, new Map([['a', '1']]), all).patch).toBeUndefined();
  });

  test('go when nobody has the namespace any more, but for those that hold pods back', () => {
    const labels = { 'ambit.dev/team': 'pay', [enforce]: 'restricted', theirs: '1' };
    expect(releaseLabels({ labels, annotations: set('ambit.dev/team', enforce) })).toEqual({
      labels: { 'ambit.dev/team': null },
      annotations: set(enforce),
    });
    expect(releaseLabels({ labels: { theirs: '1' } })).toBeUndefined();
  });
});

test('an object is patched to what is wanted and nothing beside it', () => {
  const live = {
    metadata: { name: 'a', uid: 'u', resourceVersion: '7' },
    spec: { a: { b: 1, c: 2 }, d: [1] },
  };
  const wanted = { metadata: { name: 'a', labels: { l: '1' } }, spec: { a: { b: 3 }, e: [2] } };
  expect(patchTo(live, wanted)).toEqual({
    metadata: { uid: 'u', resourceVersion: '7', labels: { l: '1' }, annotations: undefined },
    spec: { d: null, a: { c: null, b: 3 }, e: [2] },
  });
});

test('what is used beyond a quota is told in its own words', () => {
  const hard = {
    pods: '5',
    'limits.memory': '1Gi',
    'requests.cpu': '500m',
    odd: 'x',
    secrets: '1k',
  };
  const used = {
    pods: '7',
    'limits.memory': '1025Mi',
    'requests.cpu': '500m',
    odd: '9',
    secrets: '1000',
  };
  expect(usedBeyond(hard, used)).toEqual(['pods: 7 of 5', 'limits.memory: 1025Mi of 1Gi']);
});
