import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { defaultCeiling } from '@ambit/rbac';
import { whoCan } from '../access/who-can.ts';
import { anyObjects } from '../../test/arbitrary-commits.ts';
import { nodeDigests } from '../../test/node-digests.ts';
import { load, stateOf, triplesOf } from '../../test/policy-state.ts';
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

const [prod, staging] = [
  aCluster('prod', { env: 'prod' }),
  aCluster('staging', { env: 'staging' }),
];
const [view, edit] = [aRole('view'), aRole('edit')];
const [alice, bob] = [aUser('alice'), aUser('bob')];
const [red, blue] = [aGroup('red'), aGroup('blue')];
const base: PolicyObject[] = [prod, staging, view, edit, alice, bob, red, blue];
const apply = (policy: Policy, ...changes: PolicyChange[]) =>
  policy.apply({ revision: policy.revision + 1, changes });
const rulesFor = (resource: string) => [{ apiGroups: [''], resources: [resource], verbs: ['get'] }];

describe('access left behind', () => {
  test('case 2: a role loses its last rule in every cluster at once', () => {
    const role = aRole('own', { rules: rulesFor('pods') });
    const policy = load(...base, role, aGrant('g', { subjects: to(alice), role }));
    const touched = apply(policy, put({ ...role, rules: [] }));
    for (const { uid } of [prod, staging]) {
      expect([...(touched.get(uid) ?? [])]).toEqual([`ROLE/${role.uid}`]);
      expect(policy.entry(uid, `ROLE/${role.uid}`)).toMatchObject({ rules: [] });
    }
  });

  test('case 3: a role made again under the old name gives nobody anything', () => {
    const role = aRole('own', { rules: rulesFor('pods') });
    const policy = load(...base, role, aGrant('g', { subjects: to(alice), role }));
    apply(policy, gone(role));
    expect(triplesOf(policy, prod.uid)).toEqual([]);
    apply(policy, put({ ...role, uid: 'another-uid', rules: rulesFor('secrets') }));
    expect(triplesOf(policy, prod.uid)).toEqual([]);
    expect(policy.counts(prod.uid)).toMatchObject({ ROLE: 0, BINDING: 0 });
  });

  test.each([
    ['role first', [0, 1]],
    ['grant first', [1, 0]],
  ])('case b1: a wildcard role and its grant go, %s', (_, order) => {
    const role = aRole('root', { rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] });
    const grant = aGrant('g', { subjects: to(alice), role });
    const policy = load(...base, role, grant);
    for (const index of order) apply(policy, gone(index === 0 ? role : grant));
    expect(stateOf(policy)).toEqual(stateOf(load(...base)));
  });

  test('case 8: a person in two teams of one role loses only what the left team gave', () => {
    const policy = load(
      ...base,
      aMember(red, alice),
      aMember(blue, alice),
      aGrant('r', { subjects: to(red), role: view, namespaces: inNamespaces('shared', 'red') }),
      aGrant('b', { subjects: to(blue), role: view, namespaces: inNamespaces('blue') }),
      aGrant('b2', { subjects: to(blue), role: edit }),
      aGrant('r2', { subjects: to(red), role: edit }),
    );
    apply(policy, gone(aMember(red, alice)));
    expect(triplesOf(policy, prod.uid)).toEqual([
      'edit in *: ambit:alice',
      'view in blue: ambit:alice',
    ]);
    apply(policy, gone(aMember(blue, alice)));
    expect(triplesOf(policy, prod.uid)).toEqual([]);
  });

  test('case 11: a cluster that leaves a selector loses what the selector gave', () => {
    const policy = load(
      ...base,
      aGrant('by-label', { subjects: to(alice), role: edit, clusters: labelled('env', 'prod') }),
      aGrant('by-name', { subjects: to(bob), role: view, clusters: on(prod) }),
    );
    const touched = apply(policy, put({ ...prod, labels: { env: 'archive' } }));
    expect(touched.get(prod.uid)?.size).toBe(1);
    expect(triplesOf(policy, prod.uid)).toEqual(['view in *: ambit:bob']);
  });

  test('case 24: a cluster moved between fleets keeps what holds in both', () => {
    const policy = load(
      ...base,
      aGrant('from', { subjects: to(alice, bob), role: view, clusters: labelled('env', 'prod') }),
      aGrant('into', { subjects: to(bob), role: view, clusters: labelled('env', 'staging') }),
    );
    apply(policy, put({ ...prod, labels: staging.labels }));
    expect(triplesOf(policy, prod.uid)).toEqual(['view in *: ambit:bob']);
    expect(triplesOf(policy, staging.uid)).toEqual(['view in *: ambit:bob']);
  });

  test('case 15: a hundred clusters that come and go leave nothing behind', () => {
    const policy = load(
      ...base,
      aMember(red, alice),
      aGrant('all', { subjects: to(red), role: view }),
      aGrant('label', { subjects: to(bob), role: view, clusters: labelled('env', 'prod') }),
    );
    const [state, held] = [stateOf(policy), policy.stats().familiesHeld];
    const many = Array.from({ length: 100 }, (_, index) =>
      aCluster(`c${index}`, index % 2 === 0 ? { env: 'prod' } : {}),
    );
    const own = many.flatMap((cluster) => [
      aGrant(cluster.name, { subjects: to(alice, bob), role: view, clusters: on(cluster) }),
      ...[alice, bob].map((user) =>
        aGrant(`${cluster.name}-${user.name}`, {
          subjects: to(user),
          role: edit,
          clusters: on(cluster),
        }),
      ),
    ]);
    apply(policy, ...many.map(put), ...own.map(put));
    expect(policy.stats().familiesHeld).toBeGreaterThan(100);
    for (const change of [...own, ...many]) apply(policy, gone(change));
    expect(stateOf(policy)).toEqual(state);
    expect(policy.stats().familiesHeld).toBe(held);
  });

  test('a group named twice in a grant is left as one', () => {
    const policy = load(
      ...base,
      aMember(red, alice),
      aGrant('g', { subjects: to(red, red), role: view }),
      aGrant('h', { subjects: to(bob, bob), role: edit }),
    );
    apply(policy, gone(aMember(red, alice)));
    expect(triplesOf(policy, prod.uid)).toEqual(['edit in *: ambit:bob']);
  });

  test('somebody who is not there yet counts in each cluster for what is granted there', () => {
    const policy = load(...base, aGrant('a', { subjects: to(bob, aUser('late')), role: view }));
    apply(
      policy,
      put(aGrant('b', { subjects: to(aUser('late')), role: view, clusters: on(prod) })),
      put(aGrant('c', { subjects: to(bob), role: view, clusters: on(prod) })),
    );
    apply(policy, put(aUser('late')));
    const namesIn = (uid: string) =>
      Array.from(policy.entries(uid)).flatMap((each) =>
        each.section === 'BINDING' ? [[...each.subjects], [...each.grants]] : [],
      );
    expect(namesIn(prod.uid)).toEqual([
      ['ambit:bob', 'ambit:late'],
      ['a', 'b', 'c'],
    ]);
    expect(namesIn(staging.uid)).toEqual([['ambit:bob', 'ambit:late'], ['a']]);
  });

  test('case 22: the last member leaves and no entry keeps a subject', () => {
    const policy = load(
      ...base,
      aMember(red, alice),
      aGrant('g', { subjects: to(red), role: edit }),
    );
    const [key] = [...policy.keys(prod.uid)].filter((each) => each.startsWith('BINDING/'));
    const touched = apply(policy, gone(aMember(red, alice)));
    expect([...(touched.get(prod.uid) ?? [])]).toEqual([key]);
    expect(policy.entry(prod.uid, key ?? '')).toBeUndefined();
    expect(policy.counts(prod.uid).BINDING).toBe(0);
  });

  test('case 23: another role makes another entry, never the same one changed', () => {
    const grant = aGrant('g', { subjects: to(alice), role: view });
    const policy = load(...base, grant);
    const bindings = () => [...policy.keys(prod.uid)].filter((key) => key.startsWith('BINDING/'));
    const before = bindings();
    const touched = apply(policy, put({ ...grant, roleUid: edit.uid }));
    expect(bindings()).not.toEqual(before);
    expect([...(touched.get(prod.uid) ?? [])].sort()).toEqual([...before, ...bindings()].sort());
  });

  test('case 26: what clusters share is stale for none of them', () => {
    const many = Array.from({ length: 20 }, (_, index) => aCluster(`c${index}`));
    const policy = load(...base, ...many, aGrant('g', { subjects: to(red), role: view }));
    const touched = apply(policy, put(aMember(red, bob)));
    expect(touched.size).toBe(22);
    for (const { uid } of policy.clusters()) {
      expect(triplesOf(policy, uid)).toEqual(['view in *: ambit:bob']);
    }
    const [first] = many;
    if (first === undefined) throw new Error('no cluster');
    apply(policy, put(aGrant('one', { subjects: to(alice), role: view, clusters: on(first) })));
    expect(triplesOf(policy, first.uid)).toHaveLength(2);
    expect(triplesOf(policy, prod.uid)).toEqual(['view in *: ambit:bob']);
  });

  test('case 65: a selector that matches nothing is a state', () => {
    const grant = aGrant('g', {
      subjects: to(alice),
      role: edit,
      clusters: labelled('env', 'dev'),
    });
    const policy = load(...base);
    expect(apply(policy, put(grant)).size).toBe(0);
    apply(policy, put(aCluster('late', { env: 'dev' })));
    expect(triplesOf(policy, aCluster('late').uid)).toEqual(['edit in *: ambit:alice']);
  });

  test('an empty list or selector never stands for everything', () => {
    const empty = { type: 'selector' as const, selector: { requirements: [] } };
    const none = { type: 'names' as const, uids: [] };
    const policy = load(
      ...base,
      aGrant('a', { subjects: to(alice), role: edit, clusters: empty }),
      aGrant('b', { subjects: to(alice), role: edit, clusters: none }),
      aGrant('c', { subjects: to(alice), role: edit, namespaces: empty }),
      aGrant('d', { subjects: to(alice), role: edit, namespaces: inNamespaces() }),
      aGrant('e', {
        subjects: to(alice),
        role: edit,
        namespaces: inNamespaces(...Array.from({ length: 501 }, (_, index) => `n${index}`)),
      }),
    );
    expect(stateOf(policy)).toEqual(stateOf(load(...base)));
  });

  test('case 75: a person who comes back finds the grants that are still there, and no others', () => {
    const [stays, goes] = ['stays', 'goes'].map((name) =>
      aGrant(name, { subjects: to(alice), role: name === 'stays' ? view : edit }),
    );
    if (stays === undefined || goes === undefined) throw new Error('no grants');
    const policy = load(...base, stays, goes);
    apply(policy, put({ ...alice, active: false }));
    expect(policy.entry(prod.uid, `DENY/${alice.uid}`)).toEqual({
      section: 'DENY',
      key: `DENY/${alice.uid}`,
      userUid: alice.uid,
      subject: 'ambit:alice',
    });
    apply(policy, gone(goes));
    apply(policy, put(alice));
    expect(policy.counts(prod.uid).DENY).toBe(0);
    expect(triplesOf(policy, prod.uid)).toEqual(['view in *: ambit:alice']);
  });

  test('case b2: for every kind of subject, adding and removing leaves nothing', () => {
    fc.assert(
      fc.property(anyObjects, fc.constantFrom(alice, red), (objects, subject) => {
        const before = [...objects, ...base, aMember(red, bob)];
        const policy = Policy.load(1, before, nodeDigests);
        const state = stateOf(policy);
        const grant = aGrant('new', { subjects: to(subject), role: edit });
        apply(policy, put(grant), put(aMember(red, alice)));
        apply(policy, gone(aMember(red, alice)), gone(grant));
        expect(stateOf(policy)).toEqual(state);
      }),
      { numRuns: 100 },
    );
  });

  test('case b4: a demotion sticks although a cluster with grants of the person went before', () => {
    const admin = aGrant('admin', { subjects: to(alice), role: edit, clusters: { type: 'all' } });
    const named = aGrant('named', { subjects: to(alice), role: view, clusters: on(prod, staging) });
    const policy = load(...base, admin, named);
    apply(policy, gone(prod));
    apply(policy, gone(admin));
    for (const change of [put(bob), put({ ...staging, labels: {} }), put(view)]) {
      apply(policy, change);
      expect(triplesOf(policy, staging.uid)).toEqual(['view in *: ambit:alice']);
    }
    expect([...policy.entries(prod.uid)]).toEqual([]);
  });

  test('case b28: a reference of the wrong kind leads nowhere', () => {
    const crossed = [
      aGrant('group-as-user', { subjects: [{ kind: 'User', uid: red.uid }], role: edit }),
      aGrant('user-as-group', { subjects: [{ kind: 'Group', uid: alice.uid }], role: edit }),
      { ...aGrant('user-as-role', { subjects: to(alice), role: edit }), roleUid: alice.uid },
      aGrant('user-as-cluster', {
        subjects: to(alice),
        role: edit,
        clusters: { type: 'names', uids: [alice.uid, red.uid] },
      }),
    ];
    const policy = load(...base, aMember(red, alice), ...crossed);
    expect(stateOf(policy)).toEqual(stateOf(load(...base)));
  });

  test('case b53: a group is exactly its members: nested, renamed, same-named, deleted', () => {
    const nested = {
      ...aMember(red, alice),
      uid: `${red.uid}/${blue.uid}`,
      userUid: blue.uid,
    };
    const policy = load(
      ...base,
      aMember(blue, bob),
      nested,
      aMember(red, alice),
      aGrant('g', { subjects: to(red), role: view }),
    );
    const only = (...names: string[]) =>
      expect(triplesOf(policy, prod.uid)).toEqual(names.map((name) => `view in *: ambit:${name}`));
    only('alice');
    apply(policy, put({ ...red, name: 'crimson' }));
    only('alice');
    const sameName = { ...red, uid: 'other-red' };
    apply(policy, put(sameName), put(aMember(sameName, bob)));
    only('alice');
    apply(policy, gone(red));
    only();
  });

  test('case b3: membership and namespaces, changed in any order, always give the exact set', () => {
    const step = fc.tuple(
      fc.constantFrom('join', 'leave', 'appear', 'vanish'),
      fc.constantFrom(alice, bob),
      fc.constantFrom('n1', 'n2'),
    );
    const grant = aGrant('g', {
      subjects: to(red),
      role: view,
      namespaces: {
        type: 'selector',
        selector: { requirements: [{ key: 'team', operator: 'In', values: ['red'] }] },
      },
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        const policy = load(...base, grant);
        const members = new Set<string>();
        const namespaces = new Map<string, { labels: Record<string, string>; phase: string }>();
        for (const [action, user, namespace] of steps) {
          if (action === 'join') apply(policy, put(aMember(red, user)));
          if (action === 'leave') apply(policy, gone(aMember(red, user)));
          if (action === 'join') members.add(user.name);
          if (action === 'leave') members.delete(user.name);
          if (action === 'appear')
            namespaces.set(namespace, { labels: { team: 'red' }, phase: 'Active' });
          if (action === 'vanish') namespaces.delete(namespace);
          const { holders } = whoCan({
            policy,
            facts: {
              clusterRoles: new Map([['view', rulesFor('pods')]]),
              namespaces,
              ceiling: defaultCeiling,
            },
            question: {
              clusterUid: prod.uid,
              verb: 'get',
              apiGroup: '',
              resource: 'pods',
              namespace,
            },
            now: 1,
          });
          const expected = namespaces.has(namespace) ? [...members].sort() : [];
          expect(holders.map(({ user: name }) => name)).toEqual(expected);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
