import { describe, expect, test } from '@jest/globals';
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
import type { PolicyChange } from '../policy-objects.ts';
import type { Policy } from '../policy/policy.ts';
import { confirmationRequired, guardCommit, previewDigest } from './guard-commit.ts';
import { preview } from '../../test/preview.ts';

const view = aRole('view');
const people = (count: number) => Array.from({ length: count }, (_, index) => aUser(`u${index}`));
const decide = (policy: Policy, changes: PolicyChange[], confirmRemovals?: string) =>
  guardCommit(policy, changes, {
    digests: nodeDigests,
    ...(confirmRemovals === undefined ? {} : { confirmRemovals }),
  });

/** A cluster where each of `count` people has one grant. */
function oneGrantEach(count: number) {
  const cluster = aCluster('prod');
  const users = people(count);
  const grants = users.map((user) =>
    aGrant(user.name, { subjects: to(user), role: view, clusters: on(cluster) }),
  );
  return { cluster, users, grants, policy: load(cluster, view, ...users, ...grants) };
}

describe('the removal guard', () => {
  test.each([
    [20, 20, true],
    [21, 21, false],
    [80, 20, true],
    [80, 21, false],
    [84, 21, true],
    [100, 25, true],
    [100, 26, false],
    [1000, 250, true],
    [1000, 251, false],
  ])('of %i bindings a commit takes away %i: allowed is %p', (total, removed, allow) => {
    const { policy, grants } = oneGrantEach(total);
    const decision = decide(policy, grants.slice(0, removed).map(gone));
    expect(decision.allow).toBe(allow);
  });

  test('says what is exceeded and lets the digest of the dry run through', () => {
    const { policy, grants } = oneGrantEach(40);
    const before = stateOf(policy);
    const changes = grants.slice(0, 30).map(gone);
    const decision = decide(policy, changes);
    if (decision.allow) throw new Error('should be refused');
    expect(decision.excess).toEqual([
      { measure: 'cluster', cluster: 'prod', removed: 30, before: 40 },
      { measure: 'fleet', removed: 30, before: 40 },
      { measure: 'people', removed: 30, before: 40 },
    ]);
    const error = confirmationRequired(decision);
    expect(error.code).toBe('confirmation_required');
    expect(error.message).toContain('30 of 40 bindings in cluster prod');
    expect(error.extras.details).toEqual({ digest: decision.digest });
    expect(decision.digest).toBe(previewDigest(preview(policy, changes), nodeDigests));
    expect(decide(policy, changes, decision.digest).allow).toBe(true);
    expect(decide(policy, changes, 'yes').allow).toBe(false);
    expect(decide(policy, grants.slice(0, 31).map(gone), decision.digest).allow).toBe(false);
    expect(stateOf(policy)).toEqual(before);
  });

  test('an unrelated commit between dry run and change does not spoil the confirmation', () => {
    const { policy, grants } = oneGrantEach(40);
    const changes = grants.slice(0, 30).map(gone);
    const decision = decide(policy, changes);
    policy.apply({ revision: 2, changes: [put(aCluster('other'))] });
    expect(decide(policy, changes, decision.allow ? '' : decision.digest).allow).toBe(true);
  });

  test('a little from each of many clusters is much from the fleet', () => {
    const user = aUser('ann');
    const clusters = Array.from({ length: 30 }, (_, index) => aCluster(`c${index}`));
    const grant = aGrant('everywhere', { subjects: to(user), role: view });
    const policy = load(...clusters, user, view, grant);
    const decision = decide(policy, [gone(grant)]);
    expect(!decision.allow && decision.excess).toEqual([
      { measure: 'fleet', removed: 30, before: 30 },
    ]);
  });

  test('people left with nothing count although they held little', () => {
    const cluster = aCluster('prod');
    const [few, rich] = [people(30), aUser('rich')];
    const names = Array.from({ length: 400 }, (_, index) => `n${index}`);
    const policy = load(
      cluster,
      view,
      rich,
      ...few,
      aGrant('rich', { subjects: to(rich), role: view, namespaces: inNamespaces(...names) }),
      aGrant('few', { subjects: to(...few), role: view }),
    );
    const decision = decide(policy, few.map(gone));
    expect(!decision.allow && decision.excess).toEqual([
      { measure: 'people', removed: 30, before: 31 },
    ]);
  });

  test('a directory that deactivates everybody is asked twice, one person never', () => {
    const { policy, users } = oneGrantEach(60);
    const off = users.map((user) => put({ ...user, active: false }));
    expect(decide(policy, off).allow).toBe(false);
    expect(decide(policy, off.slice(0, 1)).allow).toBe(true);
  });

  test('ended grants that the sweep marks take nothing away', () => {
    const cluster = aCluster('prod');
    const users = people(60);
    const grants = users.map((user) =>
      aGrant(user.name, { subjects: to(user), role: view, until: 1000 }),
    );
    const policy = load(cluster, view, ...users, ...grants);
    const sweep = grants.map((grant) => put({ ...grant, ended: true }));
    expect(decide(policy, sweep).allow).toBe(true);
    expect(decide(policy, grants.map(gone)).allow).toBe(false);
    const { policy: standing, grants: endless } = oneGrantEach(60);
    const marked = endless.map((grant) => put({ ...grant, ended: true }));
    expect(decide(standing, marked).allow).toBe(false);
    // Something else in the same change is no sweep.
    const renamed = grants.map((grant) => put({ ...grant, ended: true, reason: 'x' }));
    expect(decide(policy, renamed).allow).toBe(false);
  });

  test('an emptied group is a large removal, its last member one of many is not', () => {
    const cluster = aCluster('prod');
    const users = people(50);
    const group = aGroup('devs');
    const members = users.map((user) => aMember(group, user));
    const grant = aGrant('devs', { subjects: to(group), role: view });
    const policy = load(cluster, view, group, ...users, ...members, grant);
    expect(decide(policy, members.map(gone)).allow).toBe(false);
    expect(decide(policy, members.slice(0, 10).map(gone)).allow).toBe(true);
  });

  test('a sweep beside other changes is shown in the effect, and only the others are measured', () => {
    const cluster = aCluster('prod');
    const users = people(60);
    const grants = users.map((user) =>
      aGrant(user.name, { subjects: to(user), role: view, until: 1000 }),
    );
    const policy = load(cluster, view, ...users, ...grants);
    const sweep = grants.slice(0, 30).map((grant) => put({ ...grant, ended: true }));
    const few = grants.slice(30, 35).map(gone);
    const decision = decide(policy, [...sweep, ...few]);
    expect(decision.allow).toBe(true);
    expect(decision.effect).toEqual(preview(policy, [...sweep, ...few]));
    expect(decision.effect.clusters).toMatchObject([{ bindingsRemoved: 35 }]);
    // Six of thirty that are left are fewer than a quarter, twenty-one are more than both.
    const many = grants.slice(30, 51).map(gone);
    const refused = decide(policy, [...sweep, ...many]);
    expect(!refused.allow && refused.excess).toEqual([
      { measure: 'cluster', cluster: 'prod', removed: 21, before: 30 },
      { measure: 'fleet', removed: 21, before: 30 },
      { measure: 'people', removed: 21, before: 30 },
    ]);
  });

  test('changes of other kinds, and a grant that was not there, are no sweep', () => {
    const { policy, users } = oneGrantEach(30);
    const [user] = users;
    if (user === undefined) throw new Error('there is a user');
    const renamed = { ...user, ended: true } as typeof user;
    expect(decide(policy, [put(renamed)]).effect).toEqual(preview(policy, [put(renamed)]));
    const fresh = aGrant('fresh', { subjects: to(user), role: view, until: 5, ended: true });
    expect(decide(policy, [put(fresh)])).toMatchObject({ allow: true });
  });

  test('the effect is told cluster by cluster in the order of their names', () => {
    const clusters = ['c', 'a', 'b'].map((name) => aCluster(name));
    const user = aUser('ann');
    const grant = aGrant('everywhere', { subjects: to(user), role: view });
    const policy = load(...clusters, user, view, grant);
    const { effect } = decide(policy, [gone(grant)]);
    expect(effect.clusters.map(({ cluster }) => cluster)).toEqual(['a', 'b', 'c']);
    const [first] = clusters;
    if (first === undefined) throw new Error('there is a cluster');
    // One that goes is told by the name it had, one that comes by the name it gets.
    expect(preview(policy, [gone(first)]).clusters.map(({ cluster }) => cluster)).toEqual(['c']);
    const [comes] = preview(policy, [put(aCluster('new'))]).clusters;
    expect(comes).toMatchObject({ cluster: 'new', bindingsAdded: 1, bindingsRemoved: 0 });
  });
});

describe('the refusal of the removal guard', () => {
  const refused = (count: number, clusters: number) => {
    const [user, names] = [aUser('ann'), Array.from({ length: count }, (_, index) => `n${index}`)];
    const grant = aGrant('all', {
      subjects: to(user),
      role: view,
      namespaces: inNamespaces(...names),
    });
    const all = Array.from({ length: clusters }, (_, index) => aCluster(`c${index}`));
    const decision = decide(load(...all, user, view, grant), [gone(grant)]);
    if (decision.allow) throw new Error('should be refused');
    return { decision, error: confirmationRequired(decision) };
  };

  test('says what is taken away, how many more limits are exceeded, and how to confirm', () => {
    const { decision, error } = refused(30, 2);
    expect(error.message).toBe(
      'This change would take away 30 of 30 bindings in cluster c0, and exceeds 2 more limits.',
    );
    expect(error.extras).toEqual({
      why: 'A change that takes away more than a quarter, and more than twenty, has to be confirmed.',
      hint: 'Look at the dry run. If it is what you mean, send the change again with its digest as confirmRemovals.',
      errors: [
        { message: '30 of 30 bindings in cluster c0' },
        { message: '30 of 30 bindings in cluster c1' },
        { message: '60 of 60 bindings in all clusters' },
      ],
      details: { digest: decision.digest },
    });
    expect(decision.digest).toMatch(/^[0-9a-f]{32}$/);
  });

  test('speaks of one limit alone, and lists twenty of many', () => {
    const { decision } = refused(30, 1);
    const alone = { ...decision, excess: decision.excess.slice(0, 1) };
    expect(confirmationRequired(alone).message).toBe(
      'This change would take away 30 of 30 bindings in cluster c0.',
    );
    const people = { measure: 'people', removed: 40, before: 50 } as const;
    expect(confirmationRequired({ ...decision, excess: [people] }).message).toBe(
      'This change would take away all access of 40 of 50 people.',
    );
    expect(refused(21, 25).error.extras.errors).toHaveLength(20);
  });
});
