import { expect, test } from '@jest/globals';
import type { ClusterRecord } from '@ambit/persistence';
import { clusterResponse, shownProblems } from './cluster-response.ts';
import type { StatusFacts } from './cluster-response.ts';

const cluster: ClusterRecord = {
  kind: 'Cluster',
  name: 'dev',
  uid: '01a2217e-ce11-7eaf-9d41-7e1adf164abf',
  labels: {},
  annotations: {},
  generation: 1,
  resourceVersion: 2,
  createdAt: 0,
  subjectMode: 'Users',
  userPrefix: 'ambit:',
};

function conditions(...reported: readonly string[]): object[] {
  return conditionsWith({}, reported);
}

function conditionsWith(more: Partial<StatusFacts>, reported: readonly string[] = []): object[] {
  const sync = { clusterUid: cluster.uid, stateEpoch: 1, sessionEpoch: 1, conditions: reported };
  return clusterResponse(cluster, {
    sync,
    connected: true,
    desiredRevision: 2,
    now: 0,
    grantsBehind: () => undefined,
    ahead: undefined,
    ...more,
  }).status.conditions;
}

test('a condition that the owner of the cluster can end says how, any other only that it is so', () => {
  const [, missing, outdated, clock, other, odd] = conditions(
    'ADMISSION_POLICY_MISSING',
    'ADMISSION_POLICY_OUTDATED',
    'CLOCK_UNCERTAIN',
    'STORAGE_FULL',
    'constructor',
  );
  for (const one of [missing, outdated])
    expect(one).toMatchObject({ message: expect.stringContaining('ambit-agent print-policy') });
  expect(clock).toMatchObject({ message: expect.stringContaining('ambit activity') });
  const bare = { status: 'True', reason: 'ReportedByAgent' };
  expect(other).toEqual({ type: 'STORAGE_FULL', ...bare });
  expect(odd).toEqual({ type: 'constructor', ...bare });
});

test('audit events that do not get through are a condition with what to look at', () => {
  const [, stalled] = conditions('AUDIT_STALLED');
  expect(stalled).toMatchObject({
    type: 'AUDIT_STALLED',
    status: 'True',
    message: expect.stringContaining('do not reach central'),
  });
});

test('more departures than are told one by one are a condition, with whom it concerns', () => {
  const told = (groups: readonly string[], from?: number): object[] =>
    conditionsWith({ coarse: from === undefined ? { groups } : { groups, from } }).slice(1);
  expect(conditionsWith({})).toHaveLength(1);
  const many = Array.from({ length: 12 }, (_, n) => `g${n}`);
  const type = 'GroupsOfOldTokens';
  expect(told(many)).toEqual([
    expect.objectContaining({ type, message: expect.stringMatching(/ g0, .*, g9, 2 more, to /) }),
  ]);
  const message = expect.stringContaining(
    'tokens from before 1970-01-01T00:00:01.000Z give no group at all',
  );
  expect(told([], 1_000)).toEqual([expect.objectContaining({ type, message })]);
});

test('a problem with a reason of a later agent is told in its words, never left out', () => {
  const problem = { key: 'BINDING/1', reason: 'moon_phase', message: 'it is new moon' };
  expect(shownProblems([problem as never], () => ['g'])).toEqual([
    { key: 'BINDING/1', reason: 'other', message: 'moon_phase: it is new moon', grants: ['g'] },
  ]);
});

test('outside row B.8: nobody is named as who changed an object when Kubernetes knows nobody', () => {
  const problem = { key: 'BINDING/1', reason: 'contended', message: 'm', changedBy: 'unknown' };
  expect(shownProblems([problem as never], () => undefined)).toEqual([
    { key: 'BINDING/1', reason: 'contended', message: 'm' },
  ]);
});
