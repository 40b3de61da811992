import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Intent } from '@ambit/rbac';
import { selectorMatches } from '@ambit/rbac';
import { anyCommits, objectsAfter } from '../../test/arbitrary-commits.ts';
import { conditioned } from '../../test/naive-compile.ts';
import { nodeDigests } from '../../test/node-digests.ts';
import {
  aCluster,
  aGrant,
  aGroup,
  aMember,
  aRole,
  aTeam,
  aUser,
  gone,
  inNamespaces,
  labelled,
  membersOf,
  on,
  owning,
  put,
  to,
} from '../../test/policy-builders.ts';
import { load, stateOf, triplesOf } from '../../test/policy-state.ts';
import type {
  ClusterSelector,
  PolicyChange,
  PolicyCluster,
  PolicyGrant,
  PolicyObject,
  PolicyTeam,
} from '../policy-objects.ts';
import { Policy } from '../policy/policy.ts';

const kindsOf = (objects: readonly PolicyObject[]) => ({
  users: objects.filter((each) => each.kind === 'User'),
  groups: objects.filter((each) => each.kind === 'Group'),
  members: objects.filter((each) => each.kind === 'Membership'),
  teams: objects.filter((each) => each.kind === 'Team'),
  roles: objects.filter((each) => each.kind === 'Role'),
  grants: objects.filter((each) => each.kind === 'Grant'),
});

const holds = (clusters: ClusterSelector, cluster: PolicyCluster): boolean =>
  clusters.type === 'all' ||
  (clusters.type === 'names'
    ? clusters.uids.includes(cluster.uid)
    : clusters.selector.requirements.length > 0 &&
      selectorMatches(clusters.selector, cluster.labels));

type Kinds = ReturnType<typeof kindsOf>;
type Holder = { readonly kind: string; readonly uid: string };

function isIn(user: Holder, holder: Holder, kinds: Kinds): boolean {
  const { groups, members, teams } = kinds;
  if (holder.kind === 'User') return holder.uid === user.uid;
  if (holder.kind === 'Team') {
    const team = teams.find(({ uid }) => uid === holder.uid);
    return team !== undefined && team.members.some((member) => isIn(user, member, kinds));
  }
  const isMember = ({ groupUid, userUid }: (typeof members)[number]): boolean =>
    groupUid === holder.uid && userUid === user.uid;
  return groups.some(({ uid }) => uid === holder.uid) && members.some(isMember);
}

const conditionedIn = (
  user: Holder,
  grant: PolicyGrant,
  { kinds, cluster }: { readonly kinds: Kinds; readonly cluster: PolicyCluster },
): boolean =>
  conditioned(grant, kinds.groups, cluster).some(({ subjects: [group] }) =>
    group === undefined ? false : isIn(user, group, kinds),
  );

/** Where in a cluster that it reaches a grant gives a user its role. */
function placesFor(
  user: Holder,
  grant: PolicyGrant,
  { kinds, cluster }: { readonly kinds: Kinds; readonly cluster: PolicyCluster },
): readonly string[] {
  const { subjects, match } = grant;
  const { namespaces } = grant.scope;
  // Whoever is in the group of a condition was found to be a subject.
  const conditional = match !== undefined;
  if (conditional && !conditionedIn(user, grant, { kinds, cluster })) return [];
  if (namespaces.type === 'owned') {
    if (conditional && subjects.length > 1) return [];
    return kinds.teams
      .filter((team) => subjects.some(({ uid }) => uid === team.uid))
      .filter((team) => conditional || isIn(user, team, kinds))
      .flatMap(({ owns }) => owns.filter(({ clusters }) => holds(clusters, cluster)))
      .flatMap((owned) => owned.namespaces.filter((name) => !name.endsWith('*')));
  }
  if (!conditional && !subjects.some((subject) => isIn(user, subject, kinds))) return [];
  return namespaces.type === 'names' ? namespaces.names : [JSON.stringify(namespaces)];
}

/** Who holds which role where in a cluster, by going through everything there is for every person. */
function heldNaively(objects: readonly PolicyObject[], cluster: PolicyCluster): string[] {
  const kinds = kindsOf(objects);
  const held = kinds.grants.flatMap((grant) => {
    const role = kinds.roles.find(({ uid }) => uid === grant.roleUid);
    if (grant.hours !== undefined && grant.windows?.length === 0) return [];
    if (grant.ended || role === undefined || !holds(grant.scope.clusters, cluster)) return [];
    return kinds.users
      .filter(({ active }) => active)
      .flatMap((user) =>
        placesFor(user, grant, { kinds, cluster }).map(
          (place) => `${role.clusterRole ?? role.uid} in ${place}: ${user.uid}`,
        ),
      );
  });
  return [...new Set(held)].sort();
}

/** The same by the entries of the compiled state. */
function heldCompiled(policy: Policy, cluster: PolicyCluster): string[] {
  const entries: Intent[] = [...policy.entries(cluster.uid)];
  const denied = new Set(entries.flatMap((each) => (each.section === 'DENY' ? each.userUid : [])));
  const uidOf = new Map(
    Array.from(policy.users(), (user) => [policy.subjectIn(cluster, user), user.uid]),
  );
  const held = entries.flatMap((entry) => {
    if (entry.section !== 'BINDING') return [];
    const { role, scope, subjects } = entry;
    const what = role.type === 'existing' ? role.clusterRole : role.roleUid;
    const places = scope.type === 'namespaces' ? scope.names : [writtenScope(scope)];
    const uids = subjects.map((subject) => uidOf.get(subject) ?? subject);
    return uids
      .filter((uid) => !denied.has(uid))
      .flatMap((uid) => places.map((place) => `${what} in ${place}: ${uid}`));
  });
  return [...new Set(held)].sort();
}

function writtenScope(scope: Extract<Intent, { section: 'BINDING' }>['scope']): string {
  if (scope.type !== 'selector') return JSON.stringify(scope);
  const all = scope.selector.requirements.length === 0;
  return JSON.stringify(all ? { type: 'all' } : scope);
}

describe('who holds what by teams', () => {
  test('is what going through everything gives, after any sequence of commits', () => {
    let byTeams = 0;
    fc.assert(
      fc.property(anyCommits, (commits) => {
        const policy = Policy.load(0, [], nodeDigests);
        commits.forEach((changes, index) => policy.apply({ revision: index + 1, changes }));
        const objects = objectsAfter(commits.flat());
        const withoutTeams = objects.filter(({ kind }) => kind !== 'Team');
        for (const cluster of policy.clusters()) {
          const expected = heldNaively(objects, cluster);
          expect(heldCompiled(policy, cluster)).toEqual(expected);
          byTeams += expected.length - heldNaively(withoutTeams, cluster).length;
        }
      }),
      { numRuns: 3_500 },
    );
    expect(byTeams).toBeGreaterThan(1_000);
  });
});

const [prod, test1] = [aCluster('prod', { env: 'prod' }), aCluster('test', { env: 'test' })];
const [view, edit] = [aRole('view'), aRole('edit')];
const [ann, ben, cy] = [aUser('ann'), aUser('ben'), aUser('cy')];
const payers = aGroup('payers');
const team = aTeam('payments', { members: membersOf(ann, payers) });
const onProd = aGrant('on-prod', {
  subjects: to(team),
  role: view,
  clusters: on(prod),
  namespaces: inNamespaces('pay'),
});
const onTest = aGrant('on-test', { subjects: to(cy), role: view, clusters: on(test1) });
const world = [prod, test1, view, edit, ann, ben, cy, payers, aMember(payers, ben)];
const start = (...more: PolicyObject[]) => load(...world, team, onProd, onTest, ...more);
const after = (policy: Policy, ...changes: PolicyChange[]) =>
  policy.apply({ revision: policy.revision + 1, changes });
const inProd = (policy: Policy): string[] =>
  triplesOf(policy, prod.uid).map((text) => text.replace('in pay: ambit:', ''));

/** The same value, the fields of each object in another order. */
function turned<T>(value: T): T {
  if (Array.isArray(value)) return value.map(turned) as T;
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).toReversed();
  return Object.fromEntries(fields.map(([key, each]) => [key, turned(each)])) as T;
}

describe('a grant to a team', () => {
  test('is one to its people and to whoever is in its groups', () => {
    expect(inProd(start())).toEqual(['view ann', 'view ben']);
  });

  test.each([
    ['a person comes', put({ ...team, members: membersOf(ann, payers, cy) }), ['ann', 'ben', 'cy']],
    ['a person goes', put({ ...team, members: membersOf(payers) }), ['ben']],
    ['a group goes', put({ ...team, members: membersOf(ann) }), ['ann']],
    ['somebody joins its group', put(aMember(payers, cy)), ['ann', 'ben', 'cy']],
    ['somebody leaves its group', gone(aMember(payers, ben)), ['ann']],
    ['its group is deleted', gone(payers), ['ann']],
    ['the team is gone', gone(team), []],
  ])('follows when %s, and touches the clusters that it reaches and no other', (_, change, who) => {
    const policy = start();
    const touched = after(policy, change);
    expect(inProd(policy)).toEqual(who.map((name) => `view ${name}`));
    expect([...touched.keys()]).toEqual([prod.uid]);
    expect(touched.get(prod.uid)?.size).toBe(1);
  });

  test('a team about which something else is said touches nothing', () => {
    const policy = start();
    expect(after(policy, put({ ...team, labels: { a: 'b' } })).size).toBe(0);
    expect(policy.team(team.uid)?.labels).toEqual({ a: 'b' });
    after(policy, put({ ...team, members: membersOf(ben) }));
    expect(inProd(policy)).toEqual(['view ben']);
  });

  test('who is in it by two ways keeps what one of them leaves', () => {
    const parts = { role: view, clusters: on(prod), namespaces: inNamespaces('pay') };
    const own = aGrant('own', { ...parts, subjects: to(ann) });
    const policy = start(aMember(payers, ann), own);
    after(policy, put({ ...team, members: membersOf(payers) }));
    expect(inProd(policy)).toEqual(['view ann', 'view ben']);
    after(policy, gone(aMember(payers, ann)));
    expect(inProd(policy)).toEqual(['view ann', 'view ben']);
    after(policy, gone(own));
    expect(inProd(policy)).toEqual(['view ben']);
  });

  test('a locked member is denied where the team holds something, and nowhere else', () => {
    const policy = start();
    const touched = after(policy, put({ ...ann, active: false }));
    expect([...touched]).toEqual([[prod.uid, new Set([`DENY/${ann.uid}`])]]);
  });

  test('made again under its name, a team gets nothing of what the old one was given', () => {
    const policy = start();
    after(policy, gone(team), put({ ...team, uid: 'another' }));
    expect(inProd(policy)).toEqual([]);
  });

  test('names the groups of the team where bindings name groups', () => {
    const policy = start();
    after(policy, put({ ...prod, subjectMode: 'Groups' }));
    expect(inProd(policy)).toEqual(['view ann', 'view group:payers']);
    after(policy, put({ ...team, members: membersOf(ben) }));
    expect(inProd(policy)).toEqual(['view ben']);
  });
});

describe('the namespaces that a team owns', () => {
  const owner = aTeam('owner', {
    members: membersOf(ann),
    owns: [
      owning(on(prod), 'pay', 'pay-eu'),
      owning(labelled('env', 'test'), 'pay-test'),
      owning(on(prod), 'later-*'),
    ],
  });
  const ownedBy = (parts: Partial<Parameters<typeof aGrant>[1]> = {}) =>
    aGrant('owned', { subjects: to(owner), role: edit, namespaces: { type: 'owned' }, ...parts });
  const given = (...more: PolicyObject[]) => load(...world, owner, ...more);
  const everywhere = (policy: Policy) =>
    [prod, test1].map(({ uid }) => triplesOf(policy, uid).map((text) => text.split(':')[0]));

  test('are named in each cluster, without those that are known by how they begin', () => {
    expect(everywhere(given(ownedBy()))).toEqual([['edit in pay+pay-eu'], ['edit in pay-test']]);
    expect(everywhere(given(ownedBy({ clusters: on(test1) })))).toEqual([[], ['edit in pay-test']]);
  });

  test('come and go with the team, cluster by cluster', () => {
    const policy = given(ownedBy());
    const less = { ...owner, owns: owner.owns.slice(0, 1) };
    const touched = after(policy, put(less));
    expect([...touched].map(([uid, keys]) => [uid, keys.size])).toEqual([[test1.uid, 1]]);
    expect(everywhere(policy)).toEqual([['edit in pay+pay-eu'], []]);
    after(policy, put({ ...owner, owns: [] }));
    expect(everywhere(policy)).toEqual([[], []]);
    after(policy, put(owner));
    expect(stateOf(policy)).toEqual(stateOf(given(ownedBy())));
  });

  test('follow the labels of clusters', () => {
    const policy = given(ownedBy());
    after(policy, put({ ...test1, labels: {} }));
    expect(everywhere(policy)[1]).toEqual([]);
    after(policy, put({ ...prod, labels: { env: 'test' } }));
    expect(everywhere(policy)[0]).toEqual(['edit in pay+pay-eu', 'edit in pay-test']);
  });

  test('are those of the team that the grant names, and of no other subject', () => {
    const other = aTeam('other', { members: membersOf(ben), owns: [owning(on(prod), 'mine')] });
    const both = given(other, ownedBy({ subjects: to(owner, other, cy) }));
    expect(triplesOf(both, prod.uid)).toEqual([
      'edit in mine: ambit:ben',
      'edit in pay+pay-eu: ambit:ann',
    ]);
  });

  test('of a grant with an end end together, under the uid of the grant', () => {
    const policy = given(ownedBy({ until: 5_000 }));
    const bindings = [prod, test1].flatMap(({ uid }) =>
      Array.from(policy.entries(uid)).flatMap((each) => (each.section === 'BINDING' ? each : [])),
    );
    expect(bindings.map(({ grantUid, notAfter, grants }) => [grantUid, notAfter, grants])).toEqual([
      ['grant-uid-owned', 5_000, ['owned']],
      ['grant-uid-owned', 5_000, ['owned']],
    ]);
    expect(policy.familiesOf('grant-uid-owned')).toHaveLength(2);
    expect([...policy.clustersReachedBy('grant-uid-owned')].sort()).toEqual(
      [prod.uid, test1.uid].sort(),
    );
  });

  test.each<[string, (team: PolicyTeam) => PolicyTeam]>([
    ['as it was made here', (team) => team],
    // A database gives the fields of an object in an order of its own.
    ['as it was read', turned],
  ])('that change in one cluster, %s, touch no other', (_says, told) => {
    const policy = given(ownedBy());
    const less = { ...owner, owns: [owning(on(prod), 'pay'), ...owner.owns.slice(1)] };
    expect([...after(policy, put(told(less))).keys()]).toEqual([prod.uid]);
  });

  test('of a grant of which nothing is left are still found by whom and what it names', () => {
    const policy = given(ownedBy({ clusters: on(prod) }));
    after(policy, put({ ...owner, owns: [] }));
    const names = (kind: 'Team' | 'Role' | 'Cluster' | 'User', uid: string): string[] =>
      Array.from(policy.grantsNaming(kind, uid), ({ name }) => name);
    expect(names('Team', owner.uid)).toEqual(['owned']);
    expect(names('Role', edit.uid)).toEqual(['owned']);
    expect(names('Cluster', prod.uid)).toEqual(['owned']);
    expect(names('User', ann.uid)).toEqual([]);
  });
});
