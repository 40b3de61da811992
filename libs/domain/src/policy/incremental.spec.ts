import { describe, expect, test } from '@jest/globals';
import { nodeDigests } from '../../test/node-digests.ts';
import { stateOf } from '../../test/policy-state.ts';
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
import type { PolicyChange, PolicyObject } from '../policy-objects.ts';
import { Policy } from './policy.ts';

const clusters = Array.from({ length: 100 }, (_, index) =>
  aCluster(`c${index}`, { env: index % 10 === 0 ? 'prod' : 'test', zone: `z${index % 4}` }),
);
const users = Array.from({ length: 2000 }, (_, index) => aUser(`u${index}`));
const groups = Array.from({ length: 100 }, (_, index) => aGroup(`g${index}`));
const roles = [
  ...['view', 'edit', 'admin'].map((name) => aRole(name)),
  aRole('logs', {
    rules: [{ apiGroups: [''], resources: ['pods/log'], verbs: ['get'] }],
  }),
];
const memberships = users.map((user, index) => aMember(groups[index % 100] ?? groups[0]!, user));

function pick<T>(list: readonly T[], index: number): T {
  const found = list[index % list.length];
  if (found === undefined) throw new Error('empty list');
  return found;
}

/** 9,900 grants of one cluster each in some namespace, and 100 by label that name a group. */
const grants = Array.from({ length: 10_000 }, (_, index) =>
  index < 100
    ? aGrant(`selector-${index}`, {
        subjects: to(pick(groups, index)),
        role: pick(roles, index),
        clusters: index % 2 === 0 ? labelled('env', 'prod') : labelled('zone', 'z1'),
        namespaces: inNamespaces(`shared-${index % 7}`),
      })
    : aGrant(`single-${index}`, {
        subjects: to(pick(users, index)),
        role: pick(roles, index),
        clusters: on(pick(clusters, index)),
        namespaces: inNamespaces(`team-${index % 40}`),
      }),
);

const world: PolicyObject[] = [
  ...clusters,
  ...users,
  ...groups,
  ...memberships,
  ...roles,
  ...grants,
];
const policy = Policy.load(1, world, nodeDigests);

function workOf(...changes: PolicyChange[]) {
  const before = policy.stats();
  const touched = policy.apply({ revision: policy.revision + 1, changes });
  const after = policy.stats();
  return {
    touched,
    clusters: touched.size,
    keys: [...touched.values()].reduce((sum, keys) => sum + keys.size, 0),
    families: after.familiesDerived - before.familiesDerived,
    entries: after.entriesRendered - before.entriesRendered,
    selectors: after.selectorsEvaluated - before.selectorsEvaluated,
  };
}

describe('the cost of one change among 10,000 grants in 100 clusters', () => {
  test('a grant more and a grant less: one family in its cluster', () => {
    const extra = aGrant('extra', {
      subjects: to(pick(users, 7)),
      role: pick(roles, 0),
      clusters: on(pick(clusters, 5)),
      namespaces: inNamespaces('team-3'),
    });
    expect(workOf(put(extra))).toMatchObject({ clusters: 1, keys: 1, families: 1, entries: 1 });
    expect(workOf(gone(extra))).toMatchObject({ clusters: 1, keys: 1, selectors: 0 });
    expect(workOf(gone(extra))).toMatchObject({ clusters: 0, keys: 0, families: 0 });
  });

  test('a grant by label: its family in the clusters it selects, rendered once for all of them', () => {
    const extra = aGrant('extra', {
      subjects: to(pick(groups, 3)),
      role: pick(roles, 1),
      clusters: labelled('env', 'prod'),
      namespaces: inNamespaces('brand-new'),
    });
    expect(workOf(put(extra))).toMatchObject({ clusters: 10, keys: 10, families: 1, entries: 1 });
    expect(workOf(gone(extra))).toMatchObject({ clusters: 10, keys: 10, entries: 0 });
  });

  test('a person joins and leaves a group: the families of that group and no other', () => {
    // g4 has one grant, by label env=prod: ten clusters, one family.
    const joins = aMember(pick(groups, 4), pick(users, 5));
    const joined = workOf(put(joins));
    expect(joined).toMatchObject({ clusters: 10, keys: 10, selectors: 0 });
    expect(joined.families).toBeLessThanOrEqual(10);
    expect(joined.entries).toBe(joined.families);
    expect(workOf(gone(joins))).toMatchObject({ clusters: 10, keys: 10 });
  });

  test('a relabelled cluster: only its selector grants', () => {
    const cluster = pick(clusters, 11);
    const moved = workOf(put({ ...cluster, labels: { ...cluster.labels, env: 'prod' } }));
    expect(moved.clusters).toBe(1);
    // Fifty grants look at env; it enters all of them, in seven namespaces and four roles.
    expect(moved.selectors).toBe(50);
    expect(moved.families).toBeLessThanOrEqual(28);
    const other = workOf(
      put({ ...cluster, labels: { ...cluster.labels, env: 'prod', owner: 'x' } }),
    );
    expect(other).toMatchObject({ clusters: 1, keys: 0, families: 0, selectors: 0 });
    expect(workOf(put(cluster)).clusters).toBe(1);
  });

  test('edited rules of a role: its ROLE entry in each cluster, no binding', () => {
    const logs = pick(roles, 3);
    const rules = [{ apiGroups: [''], resources: ['pods/log'], verbs: ['get', 'list'] }];
    const edited = workOf(put({ ...logs, rules }));
    expect(edited).toMatchObject({ families: 0, entries: 0, clusters: 50, keys: 50 });
    for (const keys of edited.touched.values()) expect([...keys]).toEqual([`ROLE/${logs.uid}`]);
    workOf(put(logs));
  });

  test('a deactivated person: one DENY entry in each cluster where the person occurs', () => {
    const user = pick(users, 250);
    const work = workOf(put({ ...user, active: false }));
    expect(work).toMatchObject({ families: 0, entries: 0 });
    for (const keys of work.touched.values()) expect([...keys]).toEqual([`DENY/${user.uid}`]);
    expect(work.clusters).toBeGreaterThan(0);
    workOf(put(user));
  });

  test('a change without effect on entries still touches its clusters', () => {
    const grant = pick(grants, 5000);
    const work = workOf(put({ ...grant, reason: 'INC-1' }));
    expect(work).toMatchObject({ clusters: 1, keys: 0 });
    expect(
      workOf(put({ ...pick(clusters, 3), labels: {} })).touched.has(pick(clusters, 3).uid),
    ).toBe(true);
    workOf(put(pick(clusters, 3)), put(grant));
  });

  test('after all this the policy is what loading it anew gives', () => {
    expect(stateOf(policy)).toEqual(stateOf(Policy.load(1, world, nodeDigests)));
  });
});
