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
import { directGrantsOf, remainingThroughGroups, widerDirectGrants } from './revocation.ts';

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
    expect(policy.counts(impostor.uid)).toEqual({ CONFIG: 1, ROLE: 0, DENY: 0, BINDING: 0 });
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
    const remaining = remainingThroughGroups(policy, alice.uid);
    expect(remaining.map(({ group, grants: ways }) => [group.name, namesOf(ways)])).toEqual([
      ['devs', ['team', 'team-view']],
    ]);
  });

  test('with role and scope: just that, and what reaches further is named instead of taken', () => {
    const policy = load(...base, ...grants);
    const filter = { roleUid: edit.uid, scope };
    expect(namesOf(directGrantsOf(policy, alice.uid, filter))).toEqual(['exact']);
    expect(namesOf(widerDirectGrants(policy, alice.uid, filter))).toEqual(['wider']);
    const remaining = remainingThroughGroups(policy, alice.uid, filter);
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
});
