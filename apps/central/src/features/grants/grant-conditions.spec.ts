import { expect, test } from '@jest/globals';
import type { IntentProblem } from '@ambit/contracts';
import { grantConditions } from './grant-conditions.ts';

const problem = (more: Partial<IntentProblem> = {}): IntentProblem => ({
  key: 'BINDING/a/',
  reason: 'ceiling_refused',
  message: 'no',
  ...more,
});
const at = (cluster: string, more: Partial<IntentProblem> = {}) => ({
  cluster,
  problem: problem(more),
});

test('shards, and a role with its bindings, say the same once; many places are counted', () => {
  const hindrances = [
    at('c1', { key: 'ROLE/r' }),
    at('c1', { key: 'BINDING/a/0' }),
    ...Array.from({ length: 5 }, (_, n) => at(`d${n}`)),
  ];
  const { clusters, conditions } = grantConditions('Active', {
    reached: 9,
    waiting: [],
    hindrances,
  });
  expect(clusters).toEqual({ reached: 9, inForce: 3, waiting: 0, hindered: 6 });
  expect(conditions.map(({ type, reason }) => [type, reason])).toEqual([
    ['InForce', 'CeilingRefused'],
    ['CeilingRefused', 'ReportedByAgent'],
  ]);
  expect(conditions[1]?.message).toMatch(
    /^c1: no; d0: no; d1: no; d2: no; d3: no; and in 1 more place; next: the owner of c1 /,
  );
});

test('access that others have in excess is told and takes nothing from the grant', () => {
  const hindrances = [
    at('c1', { reason: 'kubernetes_refused', effect: 'excess', subjects: ['eve'] }),
  ];
  const { clusters, conditions } = grantConditions('Active', {
    reached: 1,
    waiting: [],
    hindrances,
  });
  expect(clusters).toMatchObject({ inForce: 1, hindered: 0 });
  expect(conditions).toMatchObject([
    { type: 'InForce', status: 'True' },
    { type: 'Excess', status: 'True', message: expect.stringContaining('[eve]') },
  ]);
});

test('a cluster that both waits and has problems is counted once, and several reasons are several', () => {
  const hindrances = [at('c1'), at('c1', { reason: 'role_missing' })];
  const { clusters, conditions } = grantConditions('Active', {
    reached: 2,
    waiting: ['c1', 'c2'],
    hindrances,
  });
  expect(clusters).toEqual({ reached: 2, inForce: 0, waiting: 1, hindered: 1 });
  expect(conditions[0]).toMatchObject({ status: 'False', reason: 'Several' });
});

test('a grant that reaches nothing is in force nowhere', () => {
  const { conditions } = grantConditions('Active', { reached: 0, waiting: [], hindrances: [] });
  expect(conditions).toMatchObject([{ type: 'InForce', status: 'False', reason: 'NoCluster' }]);
});
