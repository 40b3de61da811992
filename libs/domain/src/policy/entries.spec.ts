import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { shardSubjects, type BindingIntent } from '@ambit/rbac';
import { nodeDigests } from '../../test/node-digests.ts';
import { load, stateOf } from '../../test/policy-state.ts';
import {
  aCluster,
  aGrant,
  aGroup,
  aMember,
  aRole,
  aUser,
  gone,
  inNamespaces,
  on,
  put,
  to,
} from '../../test/policy-builders.ts';
import type { PolicyGrant, PolicyObject } from '../policy-objects.ts';
import { bindingKey, familyOf, type Family } from './family.ts';
import type { Policy } from './policy.ts';

const prod = aCluster('prod');
const [view, edit] = [aRole('view'), aRole('edit')];
const alice = aUser('alice');

const bindings = (policy: Policy, cluster = prod): BindingIntent[] =>
  Array.from(policy.entries(cluster.uid)).flatMap((each) =>
    each.section === 'BINDING' ? each : [],
  );

describe('entries', () => {
  test('grants of one role and scope are one entry, whichever policy role refers to the ClusterRole', () => {
    const reader = aRole('reader', { clusterRole: 'view' });
    const policy = load(
      prod,
      view,
      reader,
      alice,
      aUser('bob'),
      aGrant('b', { subjects: to(alice), role: view, namespaces: inNamespaces('y', 'x') }),
      aGrant('a', {
        subjects: to(aUser('bob')),
        role: reader,
        namespaces: inNamespaces('x', 'y', 'x'),
      }),
    );
    expect(bindings(policy)).toEqual([
      {
        section: 'BINDING',
        key: expect.stringMatching(/^BINDING\/[a-z2-7]{26}$/),
        role: { type: 'existing', clusterRole: 'view' },
        scope: { type: 'namespaces', names: ['x', 'y'] },
        shard: '',
        subjectKind: 'Users',
        subjects: ['ambit:alice', 'ambit:bob'],
        grants: ['a', 'b'],
      },
    ]);
  });

  test('a time-bound grant is never folded with standing ones', () => {
    const policy = load(
      prod,
      view,
      alice,
      aGrant('standing', { subjects: to(alice), role: view }),
      aGrant('timed', { subjects: to(alice), role: view, notBefore: 100, until: 200 }),
      aGrant('late', { subjects: to(alice), role: view, notBefore: 100 }),
    );
    expect(
      bindings(policy).map(({ grantUid, notBefore, notAfter }) => [grantUid, notBefore, notAfter]),
    ).toEqual(
      expect.arrayContaining([
        [undefined, undefined, undefined],
        ['grant-uid-timed', 100, 200],
        ['grant-uid-late', 100, undefined],
      ]),
    );
  });

  test('an extended grant keeps its key; the sweep takes its entry away', () => {
    const grant = aGrant('g', { subjects: to(alice), role: view, until: 100 });
    const policy = load(prod, view, alice, grant);
    const [before] = bindings(policy);
    const touched = policy.apply({ revision: 2, changes: [put({ ...grant, until: 200 })] });
    expect(bindings(policy)).toEqual([{ ...before, notAfter: 200 }]);
    expect([...(touched.get(prod.uid) ?? [])]).toEqual([before?.key]);
    policy.apply({ revision: 3, changes: [put({ ...grant, until: 200, ended: true })] });
    expect(bindings(policy)).toEqual([]);
  });

  test('a large group becomes shards by the shared rule, and one person more is one entry', () => {
    const users = Array.from({ length: 1000 }, (_, index) => aUser(`u${index}`));
    const group = aGroup('all');
    const clusters = [prod, aCluster('other'), aCluster('sso', {}, { userPrefix: 'sso:' })];
    const policy = load(
      ...clusters,
      view,
      group,
      ...users,
      ...users.map((user) => aMember(group, user)),
      aGrant('g', { subjects: to(group), role: view }),
    );
    for (const cluster of clusters) {
      const subjects = users.map(({ name }) => cluster.userPrefix + name);
      const shards = bindings(policy, cluster).map(({ shard, subjects: each }) => ({
        shard,
        subjects: each,
      }));
      expect(shards).toHaveLength(shardSubjects(subjects, nodeDigests).length);
      expect(shards).toEqual(expect.arrayContaining(shardSubjects(subjects, nodeDigests)));
    }
    const one = aUser('late');
    const touched = policy.apply({ revision: 2, changes: [put(one), put(aMember(group, one))] });
    expect(Array.from(touched.values(), (keys) => keys.size)).toEqual([1, 1, 1]);
    const [a, b] = [bindings(policy), bindings(policy, aCluster('other'))];
    // Clusters of one prefix share the very objects, so that they are encoded once.
    expect(a.every((entry, index) => entry === b[index])).toBe(true);
  });

  test('at most 16 grant names stand in an entry', () => {
    const grants = Array.from({ length: 40 }, (_, index) =>
      aGrant(`g${String(index).padStart(2, '0')}`, { subjects: to(alice), role: view }),
    );
    const [entry] = bindings(load(prod, view, alice, ...grants));
    expect(entry?.grants).toEqual(grants.slice(0, 16).map(({ name }) => name));
    expect(entry?.subjects).toEqual(['ambit:alice']);
  });

  test('no entry exceeds 64 KiB, at the longest names and longest lists', () => {
    const users = Array.from({ length: 600 }, (_, index) =>
      aUser(`${'x'.repeat(248)}${String(index).padStart(5, '0')}`),
    );
    const namespaces = Array.from(
      { length: 500 },
      (_, index) => `${'n'.repeat(59)}${String(index).padStart(4, '0')}`,
    );
    const grants = Array.from({ length: 20 }, (_, index) =>
      aGrant(`${'g'.repeat(58)}${String(index).padStart(5, '0')}`, {
        subjects: to(...users),
        role: view,
        namespaces: inNamespaces(...namespaces),
      }),
    );
    const sizes = bindings(load(prod, view, ...users, ...grants)).map((entry) =>
      [
        ...entry.subjects,
        ...entry.grants,
        ...(entry.scope.type === 'namespaces' ? entry.scope.names : []),
      ]
        .map((text) => text.length + 3)
        .reduce((sum, size) => sum + size, 200),
    );
    expect(sizes.length).toBeGreaterThan(3);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(64 * 1024);
  });

  test('case 78: a hundred people more cost no entry more', () => {
    const group = aGroup('team');
    const grant = aGrant('g', { subjects: to(group), role: edit });
    const clusters = Array.from({ length: 10 }, (_, index) => aCluster(`c${index}`));
    const people = Array.from({ length: 100 }, (_, index) => aUser(`p${index}`));
    const policy = load(edit, group, grant, alice, aMember(group, alice), ...clusters);
    const count = () => clusters.reduce((sum, { uid }) => sum + policy.counts(uid).BINDING, 0);
    expect(count()).toBe(10);
    const changes = people.flatMap((user) => [put(user), put(aMember(group, user))]);
    policy.apply({ revision: 2, changes });
    expect(count()).toBe(10);
  });

  test('case 57: the order things are listed in never shows', () => {
    const objects: PolicyObject[] = [
      prod,
      view,
      alice,
      aUser('bob'),
      aGroup('g'),
      aMember(aGroup('g'), alice),
      aMember(aGroup('g'), aUser('bob')),
      aGrant('x', {
        subjects: to(aGroup('g'), alice),
        role: view,
        namespaces: inNamespaces('b', 'a'),
      }),
      aGrant('y', {
        subjects: to(alice, aGroup('g')),
        role: view,
        namespaces: inNamespaces('a', 'b'),
      }),
    ];
    const state = stateOf(load(...objects));
    fc.assert(
      fc.property(fc.shuffledSubarray(objects, { minLength: objects.length }), (shuffled) => {
        expect(stateOf(load(...shuffled))).toEqual(state);
      }),
      { numRuns: 50 },
    );
  });

  test('case 56: no two families or shards share a key, however their names join', () => {
    const nasty = fc.constantFrom('a', 'b', 'ab', '1:a', 'standing', '');
    const family = fc
      .record({
        role: nasty,
        own: fc.boolean(),
        names: fc.array(nasty, { minLength: 1, maxLength: 2 }),
        grant: fc.option(nasty, { nil: undefined }),
        shard: fc.constantFrom('', '0'),
      })
      .map(({ role, own, names, grant, shard }) => {
        const grantOf = aGrant(grant ?? 'standing', {
          subjects: to(alice),
          role: aRole(role),
          namespaces: inNamespaces(...names),
          ...(grant === undefined ? {} : { until: 5 }),
        });
        const roleOf = own
          ? { ...aRole(role, { rules: [] }), uid: role }
          : aRole(role, { clusterRole: role });
        return { family: familyOf(named(grantOf, grant), roleOf), shard };
      });
    const meaning = (each: Family | undefined, shard: string) =>
      JSON.stringify([each?.role, each?.scope, each?.grantUid ?? null, shard]);
    fc.assert(
      fc.property(family, family, (a, b) => {
        if (a.family === undefined || b.family === undefined) throw new Error('no family');
        const same = meaning(a.family, a.shard) === meaning(b.family, b.shard);
        const keys = [a, b].map((each) =>
          bindingKey(each.family as Family, each.shard, nodeDigests),
        );
        expect(keys[0] === keys[1]).toBe(same);
        if (a.shard === b.shard) expect(a.family.text === b.family.text).toBe(same);
      }),
      { numRuns: 5000 },
    );
  });

  test('a role of rules is sent where a grant reaches, and only there', () => {
    const own = aRole('own', { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] });
    const other = aCluster('other');
    const [one, two] = ['one', 'two'].map((name) =>
      aGrant(name, { subjects: to(alice), role: own, clusters: on(prod) }),
    );
    if (one === undefined || two === undefined) throw new Error('no grants');
    const policy = load(prod, other, own, alice, one, two);
    const roles = () => [prod, other].map(({ uid }) => policy.counts(uid).ROLE);
    expect(roles()).toEqual([1, 0]);
    policy.apply({ revision: 2, changes: [gone(one)] });
    expect(roles()).toEqual([1, 0]);
    policy.apply({ revision: 3, changes: [gone(two)] });
    expect(roles()).toEqual([0, 0]);
  });
});

/** Gives a grant the uid of its class. */
const named = (grant: PolicyGrant, uid: string | undefined): PolicyGrant =>
  uid === undefined ? grant : { ...grant, uid };
