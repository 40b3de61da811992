import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { BindingIntent } from '@ambit/rbac';
import { anyCommitsInModes, objectsAfter } from '../../test/arbitrary-commits.ts';
import { followsAsTold } from '../../test/follows-as-told.ts';
import { comparable, naiveCompile } from '../../test/naive-compile.ts';
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
  put,
  to,
} from '../../test/policy-builders.ts';
import type { PolicyChange, PolicyCluster, PolicyObject } from '../policy-objects.ts';
import { Policy } from './policy.ts';

const grouped = aCluster('grouped', {}, { subjectMode: 'Groups' });
const single = aCluster('single');
const view = aRole('view');
const [alice, bob] = [aUser('alice'), aUser('bob')];
const [red, blue] = [aGroup('red'), aGroup('blue')];
const base: PolicyObject[] = [grouped, single, view, alice, bob, red, blue];

const bindings = (policy: Policy, cluster: PolicyCluster = grouped): BindingIntent[] =>
  Array.from(policy.entries(cluster.uid)).flatMap((each) =>
    each.section === 'BINDING' ? each : [],
  );
const subjects = (policy: Policy, cluster?: PolicyCluster): string[] =>
  bindings(policy, cluster)
    .flatMap(({ subjectKind, subjects: names }) => names.map((name) => `${subjectKind} ${name}`))
    .sort();
const apply = (policy: Policy, ...changes: PolicyChange[]): ReadonlySet<string> =>
  policy.apply({ revision: policy.revision + 1, changes }).get(grouped.uid) ?? new Set();

const asUsers = (object: PolicyObject): PolicyObject =>
  object.kind === 'Cluster' ? { ...object, subjectMode: 'Users' } : object;

const inUsers = (change: PolicyChange): PolicyChange =>
  change.op === 'put' ? put(asUsers(change.object)) : change;

describe('bindings of a cluster in mode Groups', () => {
  test('name the groups of grants, and people whom a grant names alone', () => {
    const policy = load(
      ...base,
      aMember(red, alice),
      aGrant('team', { subjects: to(red, blue), role: view }),
      aGrant('own', { subjects: to(bob), role: view }),
    );
    expect(subjects(policy)).toEqual([
      'Groups ambit:group:blue',
      'Groups ambit:group:red',
      'Users ambit:bob',
    ]);
    expect(bindings(policy).map(({ grants }) => grants)).toEqual(
      expect.arrayContaining([['team'], ['own']]),
    );
    expect(subjects(policy, single)).toEqual(['Users ambit:alice', 'Users ambit:bob']);
    expect(policy.counts(grouped.uid).BINDING).toBe(2);
  });

  test('stay the same when people join and leave, and what people hold is counted all the same', () => {
    const policy = load(...base, aGrant('team', { subjects: to(red), role: view }));
    expect(policy.triples(grouped.uid)).toBe(0);
    expect([...apply(policy, put(aMember(red, alice)), put(aMember(red, bob)))]).toEqual([]);
    expect(policy.triples(grouped.uid)).toBe(2);
    const { holdings } = policy.follow({
      revision: policy.revision + 1,
      changes: [gone(aMember(red, bob))],
    });
    expect(holdings.get(grouped.uid)).toMatchObject({ removed: 1, lose: ['bob'] });
    expect(subjects(policy)).toEqual(['Groups ambit:group:red']);
  });

  test('follow a group that comes without members and goes, and that is called otherwise', () => {
    const grant = aGrant('team', { subjects: to(red, blue), role: view });
    const policy = load(grouped, view, red, grant);
    expect(apply(policy, put(blue)).size).toBe(1);
    expect(subjects(policy)).toEqual(['Groups ambit:group:blue', 'Groups ambit:group:red']);
    expect(apply(policy, put({ ...blue, name: 'green' })).size).toBe(1);
    expect(subjects(policy)).toEqual(['Groups ambit:group:green', 'Groups ambit:group:red']);
    expect(apply(policy, gone(blue)).size).toBe(1);
    expect(subjects(policy)).toEqual(['Groups ambit:group:red']);
  });

  test('a locked person is denied, whoever the group is', () => {
    const policy = load(
      ...base,
      aMember(red, alice),
      aGrant('team', { subjects: to(red), role: view }),
    );
    apply(policy, put({ ...alice, active: false }));
    expect(policy.entry(grouped.uid, `DENY/${alice.uid}`)).toMatchObject({
      subject: 'ambit:alice',
    });
    expect(subjects(policy)).toEqual(['Groups ambit:group:red']);
  });

  test('a large number of groups is divided, and no user is taken for a group', () => {
    const groups = Array.from({ length: 700 }, (_, at) => aGroup(`g${at}`));
    const policy = load(
      grouped,
      view,
      ...groups,
      aGrant('all', { subjects: to(...groups), role: view }),
    );
    expect(bindings(policy).length).toBeGreaterThan(2);
    for (const entry of bindings(policy)) expect(entry.subjects.length).toBeLessThanOrEqual(256);
    expect(subjects(policy)).toHaveLength(700);
  });

  test('in any order and after any change of mode a cluster holds what nested loops find', () => {
    fc.assert(
      fc.property(anyCommitsInModes, (commits) => {
        const policy = Policy.load(0, [], nodeDigests);
        const people = Policy.load(0, [], nodeDigests);
        for (const [at, changes] of commits.entries()) {
          followsAsTold(policy, { revision: at + 1, changes });
          people.apply({ revision: at + 1, changes: changes.map(inUsers) });
        }
        const objects = objectsAfter(commits.flat());
        const loaded = load(...objects);
        for (const cluster of policy.clusters()) {
          const entries = [...policy.entries(cluster.uid)];
          expect(comparable(entries)).toEqual(naiveCompile(objects, cluster));
          expect([...loaded.entries(cluster.uid)]).toEqual(entries);
          for (const each of [policy, loaded]) {
            expect(each.triples(cluster.uid)).toBe(people.triples(cluster.uid));
            expect(each.counts(cluster.uid).BINDING).toBe(bindings(policy, cluster).length);
          }
        }
      }),
    );
  });

  test('asking what would be leaves them as they were', () => {
    fc.assert(
      fc.property(anyCommitsInModes, (commits) => {
        const policy = load(...objectsAfter(commits.slice(0, -1).flat()));
        const before = stateOf(policy);
        policy.whatIf(commits.at(-1) ?? [], () => undefined);
        expect(stateOf(policy)).toEqual(before);
      }),
    );
  });
});
