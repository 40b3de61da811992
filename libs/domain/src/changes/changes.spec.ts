import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
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
  inNamespaces,
  labelled,
  on,
  to,
} from '../../test/policy-builders.ts';
import type { PolicyChange } from '../policy-objects.ts';
import { parseScope } from '../names/scope-text.ts';
import { Policy } from '../policy/policy.ts';
import { planGroupDeletion, planUserDeletion } from './plan-deletion.ts';
import { dropClusterReferences, inUse, inUseError } from './references.ts';
import {
  directGrantsOf,
  planRevocation,
  remainingThroughGroups,
  widerDirectGrants,
} from './revocation.ts';

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

describe('deleting people', () => {
  test('case 4: nothing of a deleted user is left, whenever a cluster comes to ask', () => {
    const policy = load(
      ...base,
      aGrant('alone', { subjects: to(alice), role: edit, until: 9_000 }),
      aGrant('both', { subjects: to(alice, bob), role: view }),
      aGrant('team', { subjects: to(devs), role: view, clusters: on(staging) }),
    );
    const changes = planUserDeletion(policy, alice.uid);
    apply(policy, changes);
    expect(JSON.stringify(stateOf(policy))).not.toContain('alice');
    expect(namesOf(policy.grants())).toEqual(['both', 'team']);
    expect([...policy.membersOf(devs.uid)]).toEqual([bob.uid]);
    // Doing it again, as a retry would, is no error and changes nothing.
    expect(planUserDeletion(policy, alice.uid)).toEqual([]);
  });

  test('whoever is made again under an old name inherits nothing', () => {
    const grant = aGrant('g', { subjects: to(alice), role: edit });
    const policy = load(...base, grant);
    apply(policy, planUserDeletion(policy, alice.uid));
    apply(policy, [{ op: 'put', object: { ...alice, uid: 'another-uid' } }]);
    expect(triplesOf(policy, prod.uid)).toEqual([]);
    expect([...policy.groupsOf('another-uid')]).toEqual([]);
  });

  test('case b2: the members of a deleted group lose all they held through it', () => {
    const own = aGrant('own', { subjects: to(bob), role: view });
    const policy = load(
      ...base,
      own,
      aGrant('wide', { subjects: to(devs), role: edit }),
      aGrant('mixed', { subjects: to(devs, alice), role: edit, clusters: on(prod) }),
    );
    apply(policy, planGroupDeletion(policy, devs.uid));
    expect(namesOf(policy.grants())).toEqual(['mixed', 'own']);
    expect(triplesOf(policy, prod.uid)).toEqual(['edit in *: ambit:alice', 'view in *: ambit:bob']);
    expect(triplesOf(policy, staging.uid)).toEqual(['view in *: ambit:bob']);
  });

  test('case b28: no plan of deletion leaves a reference to what is gone', () => {
    fc.assert(
      fc.property(anyObjects, fc.boolean(), fc.nat(4), (objects, person, index) => {
        const policy = Policy.load(1, objects, nodeDigests);
        const uid = person ? aUser(`u${index}`).uid : aGroup(`g${index}`).uid;
        const plan = person ? planUserDeletion(policy, uid) : planGroupDeletion(policy, uid);
        const existed = person ? policy.user(uid) : policy.group(uid);
        fc.pre(existed !== undefined);
        apply(policy, plan);
        expect([...policy.grantsNaming(person ? 'User' : 'Group', uid)]).toEqual([]);
        expect([...(person ? policy.groupsOf(uid) : policy.membersOf(uid))]).toEqual([]);
      }),
    );
  });
});

describe('deleting what grants name', () => {
  test('a role in use and a named cluster say by what', () => {
    const policy = load(
      ...base,
      aGrant('named', { subjects: to(alice), role: edit, clusters: on(prod, staging) }),
      aGrant('by-label', { subjects: to(alice), role: view, clusters: labelled('env', 'prod') }),
    );
    const role = inUse(policy, 'Role', edit.uid);
    expect(role).toEqual({ kind: 'Role', name: 'edit', grants: ['named'] });
    const cluster = inUse(policy, 'Cluster', prod.uid);
    expect(cluster?.grants).toEqual(['named']);
    expect(inUse(policy, 'Role', 'no-such-uid')).toBeUndefined();
    if (cluster === undefined) throw new Error('in use');
    const error = inUseError(cluster);
    expect(error).toMatchObject({
      code: 'in_use',
      message: 'Cluster prod is used by grant named.',
    });
    expect(error.extras.nextCommand).toBe('ambit cluster rm prod');
  });

  test('taking a cluster out leaves the grants for the others', () => {
    const policy = load(
      ...base,
      aGrant('both', { subjects: to(alice), role: edit, clusters: on(prod, staging) }),
      aGrant('one', { subjects: to(alice), role: view, clusters: on(prod) }),
      aGrant('by-label', { subjects: to(bob), role: view, clusters: labelled('env', 'prod') }),
    );
    apply(policy, [
      ...dropClusterReferences(policy, prod.uid),
      { op: 'delete', kind: 'Cluster', uid: prod.uid },
    ]);
    expect(namesOf(policy.grants())).toEqual(['both', 'by-label']);
    expect([...policy.entries(prod.uid)]).toEqual([]);
    expect(triplesOf(policy, staging.uid)).toEqual(['edit in *: ambit:alice']);
  });

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
    apply(policy, planRevocation(policy, alice.uid));
    expect(triplesOf(policy, prod.uid)).toEqual([
      'edit in *: ambit:alice',
      'edit in *: ambit:bob',
      'edit in pay: ambit:bob',
    ]);
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
    expect(planRevocation(policy, alice.uid, filter)).toEqual([
      { op: 'put', object: { ...grants[0], subjects: to(bob) } },
    ]);
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
