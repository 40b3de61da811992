import { describe, expect, test } from '@jest/globals';
import type { IntentProblem } from '@ambit/contracts';
import type { ClusterSyncRecord } from '@ambit/persistence';
import { clusterProgress } from './cluster-progress.ts';

const problem: IntentProblem = { key: 'BINDING/a/', reason: 'retrying', message: 'later' };
const synced = (more: Partial<ClusterSyncRecord> = {}): ClusterSyncRecord => ({
  clusterUid: 'c',
  stateEpoch: 1,
  sessionEpoch: 1,
  conditions: [],
  ...more,
});

const progress = (sync: ClusterSyncRecord | undefined, own: number, listed = own) =>
  clusterProgress({
    name: 'eu',
    revision: 7,
    sync,
    connected: true,
    listed: Array.from({ length: listed }, () => problem),
    problems: Array.from({ length: own }, () => problem),
  });

describe('how far a cluster is with a revision', () => {
  test.each([
    ['whose agent never said anything', undefined, false],
    ['that holds it and has not applied it', synced({ acceptedRevision: 7 }), false],
    ['that applied the one before', synced({ appliedRevision: 6 }), false],
    ['that applied it', synced({ appliedRevision: 7 }), true],
    ['that applied a later one', synced({ appliedRevision: 8 }), true],
  ])('a cluster %s', (_, sync, done) => {
    expect(progress(sync, 0)).toMatchObject({ done, inForce: done });
  });

  test('done is not in force while a problem concerns the revision', () => {
    const sync = synced({ appliedRevision: 7 });
    expect(progress(sync, 1)).toMatchObject({ done: true, inForce: false, otherProblems: 0 });
  });

  test('problems of others are counted and hinder nothing', () => {
    const sync = synced({ appliedRevision: 7 });
    expect(progress(sync, 0, 3)).toMatchObject({ inForce: true, problems: [], otherProblems: 3 });
  });

  test('problems that the agent does not list may be its own: nothing is said to be in force', () => {
    const sync = synced({ appliedRevision: 7, results: { moreProblems: 2 } });
    expect(progress(sync, 0)).toMatchObject({ done: true, inForce: false, moreProblems: 2 });
  });

  test('without a problem, and not applied, nothing is in force', () => {
    expect(progress(synced({ appliedRevision: 6 }), 0).inForce).toBe(false);
  });

  test.each([
    ['when it was last heard', { lastSeenAt: 60_000, connectedAt: 0 }, '1970-01-01T00:01:00'],
    ['when it connected, before it was heard again', { connectedAt: 0 }, '1970-01-01T00:00:00'],
  ])('seen is %s', (_, times, expected) => {
    expect(progress(synced(times), 0).lastSeenAt).toContain(expected);
  });

  test('what was never seen or applied is absent', () => {
    expect(Object.keys(progress(undefined, 0)).sort()).toEqual(
      ['connected', 'done', 'inForce', 'moreProblems', 'name', 'otherProblems', 'problems'].sort(),
    );
  });
});
