import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  anyChange,
  anyCommits,
  anyObjects,
  denseObjects,
  objectsAfter,
} from '../../test/arbitrary-commits.ts';
import { comparable, naiveCompile } from '../../test/naive-compile.ts';
import { nodeDigests } from '../../test/node-digests.ts';
import {
  aCluster,
  aGrant,
  aGroup,
  aMember,
  aRole,
  aUser,
  on,
  to,
} from '../../test/policy-builders.ts';
import { load, stateOf } from '../../test/policy-state.ts';
import { recountPeople, recountTriples } from '../../test/recount.ts';
import { Policy } from './policy.ts';

const entriesOf = (policy: Policy): readonly (readonly unknown[])[] =>
  Array.from(policy.clusters(), ({ uid }) =>
    Array.from(policy.keys(uid), (key) => [key, policy.entry(uid, key)]),
  );

describe('a policy that was loaded and that nobody has looked at', () => {
  test('follows commits as one does that was made by commits, touch by touch', () => {
    fc.assert(
      fc.property(anyCommits, fc.nat(), (all, at) => {
        const split = 1 + (at % all.length);
        const [ground, commits] = [all.slice(0, split).flat(), all.slice(split)];
        const made = Policy.load(0, [], nodeDigests);
        made.apply({ revision: 1, changes: ground });
        const loaded = Policy.load(1, objectsAfter(ground), nodeDigests);
        commits.forEach((changes, index) => {
          const commit = { revision: index + 2, changes };
          const [ours, theirs] = [loaded.follow(commit), made.follow(commit)];
          expect(ours.touched).toEqual(theirs.touched);
          expect(ours.holdings).toEqual(theirs.holdings);
          expect([...ours.leftWithout].sort()).toEqual([...theirs.leftWithout].sort());
          for (const [cluster, keys] of ours.touched) {
            for (const key of keys) {
              expect(ours.before(cluster, key)).toEqual(theirs.before(cluster, key));
              expect(loaded.entry(cluster, key)).toEqual(made.entry(cluster, key));
            }
          }
        });
        const objects = objectsAfter([...ground, ...commits.flat()]);
        for (const cluster of loaded.clusters()) {
          expect(comparable(loaded.entries(cluster.uid))).toEqual(naiveCompile(objects, cluster));
        }
      }),
      { numRuns: 400 },
    );
  });

  test('counts what is there, and finds each entry by its key before anything is listed', () => {
    fc.assert(
      fc.property(fc.oneof(anyObjects, denseObjects), (objects) => {
        const [asked, listed] = [load(...objects), load(...objects)];
        expect(asked.people).toBe(recountPeople(listed));
        for (const { uid } of listed.clusters()) {
          expect(asked.triples(uid)).toBe(recountTriples(listed, uid));
          const keys = [...listed.keys(uid)];
          const { CREDENTIALS: _none, ...counts } = asked.counts(uid);
          expect(Object.values(counts).reduce((sum, count) => sum + count)).toBe(keys.length);
          expect(keys.map((key) => asked.entry(uid, key))).toEqual([...listed.entries(uid)]);
        }
      }),
    );
  });

  test('is asked what would be, and is then what it was', () => {
    fc.assert(
      fc.property(anyObjects, fc.array(anyChange, { maxLength: 8 }), (objects, changes) => {
        const policy = load(...objects);
        policy.whatIf(changes, () => undefined);
        expect(stateOf(policy)).toEqual(stateOf(load(...objects)));
        expect(policy.people).toBe(recountPeople(policy));
        for (const { uid } of policy.clusters()) {
          expect(policy.triples(uid)).toBe(recountTriples(policy, uid));
        }
      }),
    );
  });

  test('divides a group that is too large for one entry, and counts the parts', () => {
    const [prod, view, group] = [aCluster('prod'), aRole('view'), aGroup('all')];
    const people = Array.from({ length: 700 }, (_, at) =>
      aUser(`u${at}`, { active: at % 2 === 0 }),
    );
    const objects = [
      aGrant('g', { subjects: to(group), role: view, clusters: on(prod) }),
      ...[view, group, prod, ...people, ...people.map((user) => aMember(group, user))],
    ];
    const policy = load(...objects);
    expect(policy.triples(prod.uid)).toBe(350);
    const { BINDING } = policy.counts(prod.uid);
    expect(BINDING).toBeGreaterThan(2);
    expect(entriesOf(policy)[0]).toHaveLength(1 + 350 + BINDING);
  });

  test('renders nothing until somebody asks, and then no more than is asked for', () => {
    const clusters = ['a', 'b', 'c'].map((name) => aCluster(name));
    const [alice, view] = [aUser('alice'), aRole('view')];
    const grants = clusters.map((cluster) =>
      aGrant(cluster.name, { subjects: to(alice), role: view, clusters: on(cluster) }),
    );
    const policy = load(...clusters, alice, view, ...grants);
    const bob = aUser('bob');
    const change = { ...grants[0]!, subjects: to(alice, bob) };
    policy.apply({ revision: 2, changes: [bob, change].map((object) => ({ op: 'put', object })) });
    expect(policy.stats()).toMatchObject({ familiesDerived: 1, entriesRendered: 1 });
  });
});
