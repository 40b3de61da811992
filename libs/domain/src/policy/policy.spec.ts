import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  anyChange,
  anyCommits,
  anyGrantChange,
  anyObjects,
  objectsAfter,
} from '../../test/arbitrary-commits.ts';
import { comparable, naiveCompile } from '../../test/naive-compile.ts';
import { nodeDigests } from '../../test/node-digests.ts';
import { load, stateOf } from '../../test/policy-state.ts';
import { aCluster, put } from '../../test/policy-builders.ts';
import { Policy } from './policy.ts';
import type { Touched } from './policy-view.ts';

/** Keys of all entries that differ between two states, as CLUSTER KEY. */
function differences(
  before: ReturnType<typeof stateOf>,
  after: ReturnType<typeof stateOf>,
): string[] {
  const differing: string[] = [];
  for (const cluster of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const left = before[cluster] ?? {};
    const right = after[cluster] ?? {};
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
      const same = JSON.stringify(left[key]) === JSON.stringify(right[key]);
      if (!same) differing.push(`${cluster} ${key}`);
    }
  }
  return differing.sort();
}

const listed = (touched: Touched): string[] =>
  [...touched].flatMap(([cluster, keys]) => Array.from(keys, (key) => `${cluster} ${key}`)).sort();

describe('the compiled policy', () => {
  test('equals the naive compile, however it was reached', () => {
    fc.assert(
      fc.property(anyCommits, (commits) => {
        const policy = Policy.load(0, [], nodeDigests);
        commits.forEach((changes, index) => policy.apply({ revision: index + 1, changes }));
        const objects = objectsAfter(commits.flat());
        for (const cluster of policy.clusters()) {
          expect(comparable(policy.entries(cluster.uid))).toEqual(naiveCompile(objects, cluster));
        }
      }),
      { numRuns: 400 },
    );
  });

  test('is the same applied commit by commit and loaded at once, keys and counts included', () => {
    fc.assert(
      fc.property(anyCommits, (commits) => {
        const applied = Policy.load(0, [], nodeDigests);
        commits.forEach((changes, index) => applied.apply({ revision: index + 1, changes }));
        const loaded = Policy.load(commits.length, objectsAfter(commits.flat()), nodeDigests);
        expect(stateOf(applied)).toEqual(stateOf(loaded));
        for (const { uid } of loaded.clusters()) {
          expect(applied.counts(uid)).toEqual(loaded.counts(uid));
          const keys = [...applied.keys(uid)];
          expect(keys).toEqual([...loaded.keys(uid)]);
          expect(keys.map((key) => applied.entry(uid, key))).toEqual([...loaded.entries(uid)]);
          const { CREDENTIALS: _none, ...counts } = applied.counts(uid);
          expect(Object.values(counts).reduce((sum, count) => sum + count)).toBe(keys.length);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('names exactly the keys that changed in each cluster', () => {
    fc.assert(
      fc.property(anyCommits, (commits) => {
        const policy = Policy.load(0, [], nodeDigests);
        commits.forEach((changes, index) => {
          const before = stateOf(policy);
          const touched = policy.apply({ revision: index + 1, changes });
          expect(listed(touched)).toEqual(differences(before, stateOf(policy)));
        });
      }),
      { numRuns: 200 },
    );
  });

  test('touches every cluster a changed grant reached or reaches', () => {
    fc.assert(
      fc.property(anyObjects, anyGrantChange, (world, change) => {
        const policy = Policy.load(1, world, nodeDigests);
        const uid = change.op === 'put' ? change.object.uid : change.uid;
        const reached = new Set(policy.clustersReachedBy(uid));
        const touched = policy.apply({ revision: 2, changes: [change] });
        for (const cluster of policy.clustersReachedBy(uid)) reached.add(cluster);
        expect([...touched.keys()].sort()).toEqual([...reached].sort());
      }),
    );
  });

  test('is left as it was by asking what would be', () => {
    fc.assert(
      fc.property(anyObjects, fc.array(anyChange, { maxLength: 8 }), (world, changes) => {
        const policy = Policy.load(7, world, nodeDigests);
        const before = stateOf(policy);
        const would = policy.whatIf(changes, () => stateOf(policy));
        expect(policy.revision).toBe(7);
        expect(stateOf(policy)).toEqual(before);
        policy.apply({ revision: 8, changes });
        expect(stateOf(policy)).toEqual(would);
      }),
    );
  });

  test('refuses a commit out of order and stays what it was', () => {
    const policy = load(aCluster('prod'));
    const before = stateOf(policy);
    for (const revision of [0, 1, 3, Number.NaN]) {
      const changes = [put(aCluster('other'))];
      expect(() => policy.apply({ revision, changes })).toThrow(/does not follow revision 1/);
    }
    expect(policy.revision).toBe(1);
    expect(stateOf(policy)).toEqual(before);
  });
});
