import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { departureId, type CredentialsEntry } from '@ambit/rbac';
import { anyCommitsWithDepartures, objectsAfter } from '../../test/arbitrary-commits.ts';
import { followsAsTold } from '../../test/follows-as-told.ts';
import { comparable, naiveCompile } from '../../test/naive-compile.ts';
import { nodeDigests } from '../../test/node-digests.ts';
import {
  aCluster,
  aDeparture,
  aGrant,
  aGroup,
  aMember,
  anIssuer,
  aRole,
  aUser,
  gone,
  on,
  put,
  to,
} from '../../test/policy-builders.ts';
import { load, stateOf } from '../../test/policy-state.ts';
import type {
  PolicyChange,
  PolicyCluster,
  PolicyGrant,
  PolicyGroup,
  PolicyObject,
  PolicyPlain,
} from '../policy-objects.ts';
import { Policy } from './policy.ts';
import { leftGroupKind, webhookKey } from './token-kinds.ts';

const minute = 60_000;
const noon = 1_800_000_000_000;
const access = { credential: 'Token', via: 'Webhook', ttl: '10m' } as const;
const people = { ...aCluster('people'), access };
const [grouped, other] = ['grouped', 'other'].map((name) => ({
  ...aCluster(name, {}, { subjectMode: 'Groups' }),
  access,
})) as [PolicyCluster, PolicyCluster];
const view = aRole('view');
const [red, blue] = [aGroup('red'), aGroup('blue')];
const names = (group: string, ...clusters: PolicyCluster[]): PolicyGrant =>
  aGrant(`names-${group}`, {
    subjects: to(aGroup(group)),
    role: view,
    clusters: on(...clusters),
  });
const base: PolicyObject[] = [people, grouped, other, anIssuer('k1'), view, red, blue];

const left = (group: string, user: string, minutes: number): PolicyPlain =>
  aDeparture(aGroup(group), aUser(user), noon + minutes * minute);
const idOf = (group: string, user?: string): string =>
  departureId(nodeDigests, `group:${group}`, user && aUser(user).uid);
const before = (minutes: number): number => noon / 1_000 + minutes * 60 + 10;

const entryOf = (policy: Policy, { uid }: PolicyCluster = grouped): CredentialsEntry =>
  policy.entry(uid, webhookKey) as CredentialsEntry;
const told = (policy: Policy, cluster?: PolicyCluster): Partial<CredentialsEntry> => {
  const { departures, groupsFrom } = entryOf(policy, cluster);
  return { ...(departures && { departures }), ...(groupsFrom && { groupsFrom }) };
};

function applied(policy: Policy, ...changes: PolicyChange[]): string[] {
  const touched = policy.apply({ revision: policy.revision + 1, changes });
  return [...touched].flatMap(([uid, keys]) => Array.from(keys, (each) => `${uid} ${each}`));
}

describe('what webhooks are told of who left groups', () => {
  test('stands where bindings name the group, and touches nothing else', () => {
    const policy = load(...base, names('red', people, grouped));
    const touched = policy.apply({ revision: 2, changes: [put(left('red', 'ada', 0))] });
    expect(touched).toEqual(new Map([[grouped.uid, new Set([webhookKey])]]));
    expect(told(policy)).toEqual({ departures: [{ id: idOf('red', 'ada'), before: before(0) }] });
    expect(told(policy, other)).toEqual({});
    expect(told(policy, people)).toEqual({});
    expect(idOf('red', 'ada')).not.toBe(idOf('red'));
  });

  test('is nothing while nobody leaves: who joins is told nowhere, and who comes back is told once', () => {
    const member = aMember(red, aUser('ada'));
    const policy = load(...base, names('red', grouped), aUser('ada'));
    expect(applied(policy, put(member))).toEqual([]);
    applied(policy, gone(member), put(left('red', 'ada', 0)));
    expect(told(policy).departures).toHaveLength(1);
    expect(applied(policy, put(member))).toEqual([`${grouped.uid} ${webhookKey}`]);
    expect(told(policy)).toEqual({});
    applied(policy, gone(member), put(left('red', 'ada', 5)));
    expect(told(policy).departures).toEqual([{ id: idOf('red', 'ada'), before: before(5) }]);
  });

  test('is not filled by groups that nothing names, however many people leave however many of them', () => {
    const policy = load(...base, names('red', grouped), left('red', 'ada', 0));
    const told1 = told(policy);
    const own = Array.from({ length: 1_501 }, (_, n) => left(`own-${n}`, 'eve', n / 1_000));
    const touched = policy.apply({ revision: 2, changes: own.map(put) });
    expect(touched).toEqual(new Map());
    expect(told(policy)).toEqual(told1);
    expect(told(load(...base, names('red', grouped), left('red', 'ada', 0), ...own))).toEqual(
      told1,
    );
  });

  test('counts from the moment a grant names the group, and no longer than that', () => {
    const policy = load(...base, left('red', 'ada', 0), left('blue', 'bob', 1));
    expect(told(policy)).toEqual({});
    const binding = `${grouped.uid} ${webhookKey}`;
    expect(applied(policy, put(names('red', grouped)))).toContain(binding);
    expect(told(policy).departures).toEqual([{ id: idOf('red', 'ada'), before: before(0) }]);
    expect(told(policy, other)).toEqual({});
    const both = { ...names('red', grouped), subjects: to(red, blue) };
    expect(applied(policy, put(both))).toContain(binding);
    expect(told(policy).departures).toHaveLength(2);
    expect(applied(policy, put({ ...both, ended: true }))).toContain(binding);
    expect(told(policy)).toEqual({});
    applied(policy, put(both), gone(view));
    expect(told(policy)).toEqual({});
    expect(applied(policy, put(view))).toContain(binding);
    expect(told(policy).departures).toHaveLength(2);
  });

  test('counts for a group that is made again under the name', () => {
    const former: PolicyGroup = { ...red, uid: 'former' };
    const grant = names('red', grouped);
    const policy = load(...base, { ...grant, subjects: to(former) }, aUser('ada'));
    applied(policy, gone(red), put(former));
    applied(policy, gone(former), put(aDeparture(former, aUser('ada'), noon)));
    expect(told(policy)).toEqual({});
    // Tokens from before name it, and bindings do again.
    expect(applied(policy, put(red), put(grant))).toContain(`${grouped.uid} ${webhookKey}`);
    const departures = [{ id: idOf('red', 'ada'), before: before(0) }];
    expect(told(policy)).toEqual({ departures });
    applied(policy, put(aMember(red, aUser('ada'))));
    expect(told(policy)).toEqual({ departures });
    applied(policy, gone(aMember(red, aUser('ada'))), put(left('red', 'ada', 3)));
    expect(told(policy)).toEqual({ departures: [{ id: idOf('red', 'ada'), before: before(3) }] });
  });

  test('is forgotten an hour later, so that neither an entry nor the memory grows for ever', () => {
    const many = Array.from({ length: 1_500 }, (_, n) => left('red', `u${n}`, 0));
    const policy = load(...base, names('red', grouped), names('blue', other));
    applied(policy, ...many.map(put));
    expect(told(policy).departures).toHaveLength(1_500);
    // The hour moves on for everybody by whatever departure.
    expect(applied(policy, put(left('blue', 'ada', 60))).sort()).toEqual([
      `${grouped.uid} ${webhookKey}`,
      `${other.uid} ${webhookKey}`,
    ]);
    expect(told(policy)).toEqual({});
    expect(told(policy, other).departures).toHaveLength(1);
    applied(policy, ...many.slice(0, 1_000).map((_, n) => put(left('blue', `v${n}`, 61))));
    expect([...policy.names(leftGroupKind)]).toHaveLength(1_001);
  });
});

describe('more departures than can be told one by one', () => {
  const all = (of: PolicyCluster, groups: readonly string[]): PolicyObject[] => [
    ...groups.map(aGroup),
    aGrant(`all-${of.name}`, { subjects: to(...groups.map(aGroup)), role: view, clusters: on(of) }),
  ];
  const groups = Array.from({ length: 1_600 }, (_, n) => `g${n}`);
  const of = (count: number, among: number): PolicyPlain[] =>
    Array.from({ length: count }, (_, n) => left(`g${n % among}`, `u${n}`, n / 100));

  test('are told of the group that most people left as a whole, and of others person by person', () => {
    const crowd = Array.from({ length: 1_501 }, (_, n) => left('g0', `u${n}`, n / 100));
    const objects = [...base, ...all(grouped, groups), left('g1', 'ada', 1), left('g2', 'bob', 2)];
    const listed = told(load(...objects, ...crowd.slice(3)));
    expect(listed.departures).toHaveLength(1_500);
    const policy = load(...objects, ...crowd);
    expect(told(policy)).toEqual({
      departures: [
        { id: idOf('g0'), before: before(15) },
        { id: idOf('g1', 'ada'), before: before(1) },
        { id: idOf('g2', 'bob'), before: before(2) },
      ].sort((a, b) => (a.id < b.id ? -1 : 1)),
    });
    expect(policy.coarseDepartures(grouped.uid)).toEqual({ groups: ['g0'] });
    expect(policy.coarseDepartures(other.uid)).toBeUndefined();
    expect(policy.coarseDepartures(people.uid)).toBeUndefined();
  });

  test('of more groups than are listed the last to be left are, and no group counts for tokens from before', () => {
    const policy = load(...base, ...all(grouped, groups), names('red', other), ...of(1_501, 1_600));
    const { departures, groupsFrom } = told(policy);
    expect(departures).toHaveLength(1_500);
    expect(groupsFrom).toBe(before(0));
    expect(policy.coarseDepartures(grouped.uid)).toEqual({ groups: [], from: before(0) * 1_000 });
    expect(told(policy, other)).toEqual({});
    const every = told(load(...base, ...all(grouped, groups), ...of(3_200, 1_600)));
    expect(every.departures).toHaveLength(1_500);
    // Each of the hundred groups that are left out was left for the last time by this.
    expect(every.groupsFrom).toBe(Math.floor((noon + 16.99 * minute) / 1_000) + 10);
  });

  test('are no more in a cluster that names few of the groups', () => {
    const objects = [...all(grouped, groups), ...all(other, ['g7'])];
    const policy = load(...base, ...objects, ...of(1_501, 1_600));
    expect(told(policy, other)).toEqual({
      departures: [{ id: idOf('g7', 'u7'), before: Math.floor(before(0.07)) }],
    });
  });
});

describe('in any order of commits', () => {
  test('clusters are told what nested loops find, and are touched where that changes', () => {
    fc.assert(
      fc.property(anyCommitsWithDepartures, (commits) => {
        const policy = Policy.load(0, [], nodeDigests);
        for (const [at, changes] of commits.entries())
          followsAsTold(policy, { revision: at + 1, changes });
        const objects = objectsAfter(commits.flat());
        const loaded = load(...objects);
        for (const cluster of policy.clusters()) {
          const entries = [...policy.entries(cluster.uid)];
          expect(comparable(entries)).toEqual(naiveCompile(objects, cluster));
          expect([...loaded.entries(cluster.uid)]).toEqual(entries);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('asking what would be leaves what they are told as it was', () => {
    fc.assert(
      fc.property(anyCommitsWithDepartures, (commits) => {
        const policy = load(...objectsAfter(commits.slice(0, -1).flat()));
        const state = stateOf(policy);
        policy.whatIf(commits.at(-1) ?? [], () => undefined);
        expect(stateOf(policy)).toEqual(state);
      }),
    );
  });
});
