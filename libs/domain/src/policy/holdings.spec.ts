import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anyChange, anyCommits, denseObjects } from '../../test/arbitrary-commits.ts';
import { nodeDigests } from '../../test/node-digests.ts';
import { load } from '../../test/policy-state.ts';
import {
  aCluster,
  aGrant,
  aGroup,
  aMember,
  aRole,
  aUser,
  gone,
  inNamespaces,
  labelled,
  on,
  put,
  to,
} from '../../test/policy-builders.ts';
import { recountPeople, recountTriples } from '../../test/recount.ts';
import { Policy } from './policy.ts';

/** Everything the policy counts as it goes along. */
const counted = (policy: Policy) => ({
  clusters: Array.from(policy.clusters(), ({ uid }) => [uid, policy.triples(uid)]).sort(),
  fleet: policy.triples(),
  people: policy.people,
});

function recounted(policy: Policy): ReturnType<typeof counted> {
  const clusters = Array.from(policy.clusters(), ({ uid }): [string, number] => [
    uid,
    recountTriples(policy, uid),
  ]);
  const fleet = clusters.reduce((sum, [, count]) => sum + count, 0);
  return { clusters: clusters.sort(), fleet, people: recountPeople(policy) };
}

const commits = fc.array(fc.array(anyChange, { minLength: 1, maxLength: 8 }), { maxLength: 10 });

describe('what is counted commit by commit equals a count over everything', () => {
  test('after any history of renames, locks, memberships, deletions and clusters that move', () => {
    fc.assert(
      fc.property(anyCommits, (history) => {
        const policy = Policy.load(0, [], nodeDigests);
        history.forEach((changes, index) => {
          policy.apply({ revision: index + 1, changes });
          expect(counted(policy)).toEqual(recounted(policy));
        });
      }),
      { numRuns: 400 },
    );
  });

  test('after a snapshot, among dry runs that were undone and commits that were refused', () => {
    fc.assert(
      fc.property(denseObjects, commits, commits, (world, history, dry) => {
        const policy = Policy.load(0, world, nodeDigests);
        expect(counted(policy)).toEqual(recounted(policy));
        history.forEach((changes, index) => {
          const before = counted(policy);
          const asked = dry[index] ?? [];
          const within = policy.whatIf(asked, () => {
            expect(counted(policy)).toEqual(recounted(policy));
            return policy.whatIf(changes, () => counted(policy));
          });
          expect(counted(policy)).toEqual(before);
          const refused = (): never => {
            throw new Error('refused');
          };
          expect(() => policy.whatIf(asked, refused)).toThrow('refused');
          expect(counted(policy)).toEqual(before);
          expect(() => policy.apply({ revision: 99, changes })).toThrow();
          policy.apply({ revision: index + 1, changes });
          expect(counted(policy)).toEqual(recounted(policy));
          if (asked.length === 0) expect(counted(policy)).toEqual(within);
        });
      }),
      { numRuns: 300 },
    );
  });
});

/** People of one grant each, and a group everywhere with somebody locked: what a guard looks at must not grow with it. */
function fleetOf(grants: number) {
  const view = aRole('view');
  const clusters = Array.from({ length: grants / 100 }, (_, at) =>
    aCluster(`c${at}`, { env: at < 2 ? 'prod' : 'test' }),
  );
  const user = (at: number) => aUser(`u${at}`, { active: at !== 7 });
  const users = Array.from({ length: grants / 10 }, (_, at) => user(at));
  const everyone = aGroup('everyone');
  const rich = aUser('rich');
  const objects = [
    ...[view, rich, everyone, ...clusters, ...users],
    ...users.slice(0, 50).map((each) => aMember(everyone, each)),
    aGrant('everyone', { subjects: to(everyone), role: view, clusters: { type: 'all' } }),
    ...clusters.flatMap((cluster, at) =>
      Array.from({ length: 100 }, (_, n) =>
        aGrant(`g${at}-${n}`, {
          subjects: to(user((at * 100 + n) % users.length)),
          role: view,
          clusters: on(cluster),
          namespaces: inNamespaces(`ns-${n % 40}`),
        }),
      ),
    ),
    ...clusters.slice(0, 21).map((cluster, at) =>
      aGrant(`rich-${at}`, {
        subjects: to(rich),
        role: view,
        clusters: on(cluster),
        namespaces: inNamespaces(`ns-${at}`),
        until: 5_000,
      }),
    ),
  ];
  return { policy: load(...objects), rich, everyone, view, clusters, user };
}

type Fleet = ReturnType<typeof fleetOf>;

describe('what a dry run looks at', () => {
  const [small, large] = [fleetOf(2_500), fleetOf(25_000)];
  const visits = ({ policy }: Fleet, changes: Parameters<Policy['whatIf']>[0]) => {
    const before = policy.stats();
    policy.whatIf(changes, () => {});
    const after = policy.stats();
    return {
      visited: after.holdingsVisited - before.holdingsVisited,
      entries: after.entriesRendered - before.entriesRendered,
      selectors: after.selectorsEvaluated - before.selectorsEvaluated,
    };
  };

  test.each<[string, (fleet: Fleet) => Parameters<Policy['whatIf']>[0]]>([
    ['a person with 21 bindings goes', ({ rich }) => [gone(rich)]],
    ['a person with 21 bindings is locked', ({ rich }) => [put({ ...rich, active: false })]],
    [
      'one grant more',
      ({ rich, view, clusters }) => [
        put(aGrant('more', { subjects: to(rich), role: view, clusters: on(clusters[3]!) })),
      ],
    ],
    [
      'a grant by label',
      ({ user, view }) => [
        put(
          aGrant('prod', {
            subjects: to(user(3)),
            role: view,
            clusters: labelled('env', 'prod'),
            namespaces: inNamespaces('x'),
          }),
        ),
      ],
    ],
    ['a cluster goes', ({ clusters }) => [gone(clusters[4]!)]],
  ])('%s: the same in a fleet of ten times the grants', (_, changes) => {
    const work = visits(small, changes(small));
    expect(visits(large, changes(large))).toEqual(work);
    expect(work.visited).toBeGreaterThan(0);
    expect(work.visited).toBeLessThan(1_000);
  });

  test('one answer serves all clusters that differ in the same way', () => {
    const { everyone, user, clusters } = large;
    const { visited } = visits(large, [gone(everyone)]);
    // Somebody of it is locked, and so looked at in each cluster.
    expect(visited).toBeLessThan(clusters.length * 5);
    const joins = visits(large, [put(aMember(everyone, user(60)))]);
    expect(joins.visited).toBeLessThan(10);
  });
});
