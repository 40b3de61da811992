import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anyChange, anyObjects } from '../../test/arbitrary-commits.ts';
import { nodeDigests } from '../../test/node-digests.ts';
import {
  aCluster,
  aGrant,
  aGroup,
  aMember,
  aRole,
  aUser,
  gone,
  put,
} from '../../test/policy-builders.ts';
import { load } from '../../test/policy-state.ts';
import { guardCommit } from './guard-commit.ts';
import { effectOf, measureEffect } from './preview.ts';
import { takesNothing } from './takes-nothing.ts';

describe('changes that take nothing', () => {
  test('take nothing from anybody, whatever the policy, and the guard lets them through', () => {
    let told = 0;
    fc.assert(
      fc.property(anyObjects, fc.array(anyChange, { minLength: 1, maxLength: 8 }), (all, some) => {
        const policy = load(...all);
        const changes = some.filter((change) => takesNothing(policy, [change]));
        if (!takesNothing(policy, changes) || changes.length === 0) return;
        told++;
        const { effect, leftWithout } = measureEffect(policy, changes);
        expect(leftWithout).toEqual([]);
        for (const each of effect.clusters) {
          expect(each).toMatchObject({ bindingsRemoved: 0, lose: [] });
        }
        expect(guardCommit(policy, changes, { digests: nodeDigests }).allow).toBe(true);
      }),
      { numRuns: 1_000 },
    );
    expect(told).toBeGreaterThan(200);
  });

  test('are told by what they did, once they are made, as they would have been before', () => {
    fc.assert(
      fc.property(
        anyObjects,
        fc.array(anyChange, { minLength: 1, maxLength: 8 }),
        (all, changes) => {
          const policy = load(...all);
          const { effect } = measureEffect(policy, changes);
          const done = policy.follow({ revision: policy.revision + 1, changes });
          const named = effect.clusters.filter(({ clusterUid }) => policy.cluster(clusterUid));
          const kept = effectOf(policy, { ...done, clusters: done.touched.keys() }).filter(
            ({ clusterUid }) => policy.cluster(clusterUid),
          );
          expect(kept).toEqual(named);
        },
      ),
    );
  });

  const [ann, devs, view, prod] = [aUser('ann'), aGroup('devs'), aRole('view'), aCluster('prod')];
  const grant = aGrant('g', { subjects: [{ kind: 'User', uid: ann.uid }], role: view });
  const policy = load(ann, devs, view, prod, grant);

  test.each([ann, devs, view, prod, grant])('are none of an object that is there: %p', (object) => {
    expect(takesNothing(policy, [put(object)])).toBe(false);
    expect(takesNothing(load(), [put(object)])).toBe(true);
    expect(takesNothing(policy, [put(aUser('new')), put(object)])).toBe(false);
  });

  test('are no deletions, and memberships that come', () => {
    expect(takesNothing(policy, [gone(ann)])).toBe(false);
    expect(takesNothing(policy, [gone(aMember(devs, ann))])).toBe(false);
    expect(takesNothing(policy, [put(aMember(devs, ann))])).toBe(true);
  });
});
