import { describe, expect, test } from '@jest/globals';
import { load } from '../../test/policy-state.ts';
import {
  aCluster,
  aGrant,
  aGroup,
  aMember,
  aRole,
  aUser,
  inNamespaces,
  labelled,
  on,
  to,
} from '../../test/policy-builders.ts';
import type { PolicyChange } from '../policy-objects.ts';
import { parseScope } from '../names/scope-text.ts';
import type { Policy } from '../policy/policy.ts';
import { directGrantsOf, remainingThroughOthers, widerDirectGrants } from './revocation.ts';

const [prod, staging] = [aCluster('prod', { env: 'prod' }), aCluster('staging')];
const [view, edit] = [aRole('view'), aRole('edit')];
const [alice, bob] = [aUser('alice'), aUser('bob')];
const devs = aGroup('devs');
const base = [
  prod,
  staging,
  view,
  edit,
  alice,
  bob,
  devs,
  aMember(devs, alice),
  aMember(devs, bob),
];
const apply = (policy: Policy, changes: PolicyChange[]) =>
  policy.apply({ revision: policy.revision + 1, changes });
const namesOf = (list: Iterable<{ name: string }>) => Array.from(list, ({ name }) => name).sort();

describe('a cluster that is gone', () => {
  test('case 42: a new cluster of an old name receives none of its grants', () => {
    const policy = load(
      ...base,
      aGrant('g', { subjects: to(alice), role: edit, clusters: on(prod) }),
    );
    const impostor = { ...prod, uid: 'another-uid' };
    apply(policy, [
      { op: 'delete', kind: 'Cluster', uid: prod.uid },
      { op: 'put', object: impostor },
    ]);
    expect(policy.counts(impostor.uid)).toEqual({
      CONFIG: 1,
      ROLE: 0,
      DENY: 0,
      BINDING: 0,
      CREDENTIALS: 0,
      PROFILE: 0,
      NAMESPACE: 0,
    });
  });
});

describe('revoking', () => {
  const grants = [
    aGrant('exact', {
      subjects: to(alice, bob),
      role: edit,
      clusters: on(prod),
      namespaces: inNamespaces('pay'),
    }),
    aGrant('wider', {
      subjects: to(alice),
      role: edit,
      clusters: on(prod),
      namespaces: { type: 'all' },
    }),
    aGrant('other', { subjects: to(alice), role: view }),
    aGrant('over', { subjects: to(alice), role: edit, until: 5, ended: true }),
    aGrant('team', { subjects: to(devs), role: edit, clusters: labelled('env', 'prod') }),
    aGrant('team-view', { subjects: to(devs), role: view, clusters: on(staging) }),
  ];
  const scope = parseScope('prod/pay');

  test('without role: everything that names the person, and what stays through groups is named', () => {
    const policy = load(...base, ...grants);
    expect(namesOf(directGrantsOf(policy, alice.uid))).toEqual(['exact', 'other', 'wider']);
    const remaining = remainingThroughOthers(policy, alice.uid);
    expect(remaining.map(({ group, grants: ways }) => [group?.name, namesOf(ways)])).toEqual([
      ['devs', ['team', 'team-view']],
    ]);
  });

  test('with role and scope: just that, and what reaches further is named instead of taken', () => {
    const policy = load(...base, ...grants);
    const filter = { roleUid: edit.uid, scope };
    expect(namesOf(directGrantsOf(policy, alice.uid, filter))).toEqual(['exact']);
    expect(namesOf(widerDirectGrants(policy, alice.uid, filter))).toEqual(['wider']);
    const remaining = remainingThroughOthers(policy, alice.uid, filter);
    expect(remaining.flatMap(({ grants: ways }) => namesOf(ways))).toEqual(['team']);
  });

  test.each([
    ['prod', 0],
    ['prod/*', 1],
    ['prod/other', 0],
    ['staging/pay', 0],
    ['nowhere/pay', 0],
  ])('the scope %s means %i of the direct grants', (text, count) => {
    const policy = load(...base, ...grants);
    const filter = { roleUid: edit.uid, scope: parseScope(text) };
    expect(directGrantsOf(policy, alice.uid, filter)).toHaveLength(count);
  });

  const ofScope = (text: string) => ({ scope: parseScope(text) });
  const inPay = inNamespaces('pay');

  test.each([
    ['one cluster and namespace', { clusters: on(prod), namespaces: inPay }, 'prod/pay', true],
    [
      'another namespace',
      { clusters: on(prod), namespaces: inNamespaces('other') },
      'prod/pay',
      false,
    ],
    [
      'a namespace more',
      { clusters: on(prod), namespaces: inNamespaces('pay', 'shop') },
      'prod/pay',
      false,
    ],
    ['a cluster more', { clusters: on(prod, staging), namespaces: inPay }, 'prod/pay', false],
    [
      'clusters by label',
      { clusters: labelled('env', 'prod'), namespaces: inPay },
      'prod/pay',
      false,
    ],
    [
      'all namespaces, asked for one',
      { clusters: on(prod), namespaces: { type: 'all' } },
      'prod/pay',
      false,
    ],
    ['one namespace, asked for all', { clusters: on(prod), namespaces: inPay }, 'prod/*', false],
    [
      'all namespaces, asked for all',
      { clusters: on(prod), namespaces: { type: 'all' } },
      'prod/*',
      true,
    ],
    ['another cluster', { clusters: on(staging), namespaces: inPay }, 'prod/pay', false],
  ] as const)('a grant of %s is taken: %#', (_, scoped, text, taken) => {
    const grant = aGrant('g', { subjects: to(alice), role: edit, ...scoped });
    const policy = load(...base, grant);
    expect(directGrantsOf(policy, alice.uid, ofScope(text))).toHaveLength(taken ? 1 : 0);
  });

  test.each([
    ['prod/pay', ['all', 'chosen', 'here']],
    ['prod/other', ['all', 'chosen']],
    ['prod/*', ['all', 'chosen', 'here']],
    ['staging/pay', ['here']],
    ['nowhere/pay', []],
  ])('what a group still gives in %s is told, group by group', (text, left) => {
    const gone = aGroup('gone');
    const policy = load(
      ...base,
      gone,
      aMember(gone, alice),
      aGrant('here', {
        subjects: to(devs),
        role: edit,
        clusters: on(prod, staging),
        namespaces: inPay,
      }),
      aGrant('all', { subjects: to(devs), role: edit, clusters: on(prod) }),
      aGrant('chosen', {
        subjects: to(devs),
        role: view,
        clusters: on(prod),
        namespaces: {
          type: 'selector',
          selector: { requirements: [{ key: 'team', operator: 'Exists', values: [] }] },
        },
      }),
      aGrant('ended', { subjects: to(devs), role: view, until: 5, ended: true }),
    );
    const remaining = remainingThroughOthers(policy, alice.uid, ofScope(text));
    expect(remaining.flatMap(({ grants: ways }) => namesOf(ways))).toEqual(left);
    expect(remaining.map(({ group }) => group?.name)).toEqual(left.length === 0 ? [] : ['devs']);
  });

  test('groups that still give something are told by name', () => {
    const groups = ['c', 'a', 'd', 'b'].map((name) => aGroup(name));
    const policy = load(
      ...base,
      ...groups,
      ...groups.map((group) => aMember(group, alice)),
      ...groups.map((group) => aGrant(`to-${group?.name}`, { subjects: to(group), role: view })),
    );
    const remaining = remainingThroughOthers(policy, alice.uid);
    expect(remaining.map(({ group }) => group?.name)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('grants of a group are taken by the same rules', () => {
    const policy = load(...base, ...grants);
    expect(namesOf(directGrantsOf(policy, devs.uid, {}, 'Group'))).toEqual(['team', 'team-view']);
    const wider = widerDirectGrants(policy, devs.uid, ofScope('prod/pay'), 'Group');
    expect(namesOf(wider)).toEqual(['team']);
  });
});
