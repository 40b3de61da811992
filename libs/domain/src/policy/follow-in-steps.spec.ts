import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anyCommits, objectsAfter } from '../../test/arbitrary-commits.ts';
import { nodeDigests } from '../../test/node-digests.ts';
import {
  aCluster,
  aGrant,
  aRole,
  aUser,
  gone,
  inNamespaces,
  on,
  put,
  to,
} from '../../test/policy-builders.ts';
import { load, stateOf } from '../../test/policy-state.ts';
import { takesNothing } from '../preview/takes-nothing.ts';
import type { PolicyChange, PolicyCommit } from '../policy-objects.ts';
import { stepsOf } from './follow-steps.ts';
import { Policy } from './policy.ts';

/** Follows it with a question between all steps, and tells how often others had their turn. */
function stepwise(policy: Policy, commit: PolicyCommit, atOnce: number) {
  const steps = policy.followInSteps(commit, atOnce);
  for (let turns = 0; ; turns++) {
    const { done, value } = steps.next();
    if (done === true) return { followed: value, turns };
    expect(policy.revision).toBe(commit.revision - 1);
    policy.whatIf([...commit.changes].reverse(), () => undefined);
  }
}

describe('a commit that is followed step by step', () => {
  test('leads to what it leads to at once, and tells of every entry what it was', () => {
    fc.assert(
      fc.property(anyCommits, fc.integer({ min: 1, max: 4 }), ([ground = [], ...rest], atOnce) => {
        const changes = rest.flat();
        const [whole, slow] = [objectsAfter(ground), objectsAfter(ground)].map((objects) =>
          Policy.load(1, objects, nodeDigests),
        ) as [Policy, Policy];
        const expected = whole.follow({ revision: 2, changes });
        const { followed, turns } = stepwise(slow, { revision: 2, changes }, atOnce);
        expect(turns).toBe([...stepsOf(changes, atOnce)].length - 1);
        expect(stateOf(slow)).toEqual(stateOf(whole));
        expect(slow.revision).toBe(2);
        for (const [cluster, keys] of expected.touched) {
          expect([...(followed.touched.get(cluster) ?? [])]).toEqual(
            expect.arrayContaining([...keys]),
          );
          for (const key of keys)
            expect(followed.before(cluster, key)).toEqual(expected.before(cluster, key));
        }
      }),
    );
  });

  test('tells of what takes nothing who gained what, as at once', () => {
    fc.assert(
      fc.property(anyCommits, ([ground = [], ...rest]) => {
        const [whole, slow] = [load(...objectsAfter(ground)), load(...objectsAfter(ground))];
        const changes = rest.flat().filter((change) => takesNothing(whole, [change]));
        const last = new Map(changes.map((change) => [JSON.stringify(change), change]));
        const some = objectsAfter(last.values()).map(put);
        const commit = { revision: whole.revision + 1, changes: some };
        const { holdings } = whole.follow(commit);
        const now = [...stepwise(slow, commit, 2).followed.holdings];
        expect(now.filter(([, { added }]) => added > 0).sort()).toEqual(
          [...holdings].filter(([, { added }]) => added > 0).sort(),
        );
      }),
    );
  });

  test('is one step where it is small, and none where it changes nothing', () => {
    const policy = load();
    const changes = [put(aUser('ann')), put(aUser('ben'))];
    expect(stepwise(policy, { revision: policy.revision + 1, changes }, 2).turns).toBe(0);
    expect(stepwise(policy, { revision: policy.revision + 1, changes: [] }, 2).turns).toBe(0);
    expect([...policy.names('User')]).toEqual(['ann', 'ben']);
  });
});

describe('the steps of a commit', () => {
  const [prod, test1, view] = [aCluster('prod'), aCluster('test'), aRole('view')];
  const user = aUser('ann');
  const grant = (name: string, more: object = {}) =>
    put(aGrant(name, { subjects: to(user), role: view, clusters: on(prod), ...more }));
  const sizes = (changes: PolicyChange[], weight: number): number[] =>
    Array.from(stepsOf(changes, weight), (step) => step.length);

  test('hold every change once, in pieces of one weight', () => {
    const users = Array.from({ length: 25 }, (_, at) => put(aUser(`u${at}`)));
    expect(sizes(users, 10)).toEqual([10, 10, 5]);
    expect([...stepsOf(users, 10)].flat()).toEqual(users);
    expect(sizes([], 10)).toEqual([]);
  });

  test('are shorter where a change concerns many clusters', () => {
    const wide = ['a', 'b', 'c'].map((name) => grant(name, { clusters: { type: 'all' } }));
    expect(sizes(wide, 150)).toEqual([1, 1, 1]);
    expect(sizes(wide, 10)).toEqual([1, 1, 1]);
    const both = ['a', 'b', 'c'].map((name) => grant(name, { clusters: on(prod, test1) }));
    expect(sizes(both, 4)).toEqual([2, 1]);
    expect(sizes([put(view), put(prod), gone(view), gone(prod)], 200)).toEqual([2, 2]);
    expect(sizes([gone(user), gone(view)], 101)).toEqual([2]);
  });

  test('bring grants of one role and place together, and keep the order otherwise', () => {
    const there = (name: string) => grant(name, { namespaces: inNamespaces('there') });
    const names = (changes: PolicyChange[]): string[] =>
      [...stepsOf(changes, 100)]
        .flat()
        .map((change) => (change.op === 'put' ? change.object.name : change.uid));
    const changes = [put(user), grant('a'), there('b'), grant('c'), there('d'), put(view)];
    expect(names(changes)).toEqual(['ann', 'view', 'a', 'c', 'b', 'd']);
    // What is put and taken away again stays in that order.
    const again = [grant('a'), there('b'), gone(aUser('x')), grant('a'), put(aUser('x'))];
    expect([...stepsOf(again, 100)].flat()).toEqual(again);
  });
});
