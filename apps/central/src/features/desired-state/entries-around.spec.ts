import { describe, expect, test } from '@jest/globals';
import type { Intent } from '@ambit/rbac';
import {
  aCluster,
  aGrant,
  aRole,
  aUser,
  gone,
  policyOf,
  put,
} from '../../policy-objects.test-support.ts';
import { entriesAround } from './entries-around.ts';

const [prod, staging] = [aCluster('prod'), aCluster('staging')];
const [view, edit] = [aRole('view'), aRole('edit')];
const debug = aRole('debug', [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }]);
const [ann, ben] = [aUser('ann'), aUser('ben')];
const annViews = aGrant('ann-views', { user: ann, role: view, clusters: [prod, staging] });
const benViews = aGrant('ben-views', {
  user: ben,
  role: view,
  clusters: [prod],
  namespaces: ['b'],
});
const benEdits = aGrant('ben-edits', { user: ben, role: edit, clusters: [prod] });
const benDebugs = aGrant('ben-debugs', { user: ben, role: debug, clusters: [prod] });
const world = () =>
  policyOf(prod, staging, view, edit, debug, ann, ben, annViews, benViews, benEdits, benDebugs);

/** `ROLE SUBJECT…` of each binding, and the names of roles. */
const texts = (entries: readonly Intent[] = []): string[] =>
  entries
    .map((entry) => {
      if (entry.section === 'ROLE') return `role ${entry.name}`;
      if (entry.section !== 'BINDING') return entry.section;
      const role = entry.role.type === 'existing' ? entry.role.clusterRole : entry.role.roleUid;
      return `${role} ${entry.subjects.join(' ')}`;
    })
    .sort();

describe('what a cluster holds around a change', () => {
  test('is what stands and what comes, with all other bindings of the same role', () => {
    const around = entriesAround(world(), [gone(annViews)]);
    expect([...around.keys()].sort()).toEqual([prod.uid, staging.uid].sort());
    expect(texts(around.get(prod.uid)?.before)).toEqual(['view ambit:ann', 'view ambit:ben']);
    expect(texts(around.get(prod.uid)?.after)).toEqual(['view ambit:ben']);
    expect(texts(around.get(staging.uid)?.before)).toEqual(['view ambit:ann']);
    expect(texts(around.get(staging.uid)?.after)).toEqual([]);
  });

  test('of a role of ours has the role with it', () => {
    const around = entriesAround(world(), [gone(benDebugs)]).get(prod.uid);
    expect(texts(around?.before)).toEqual(['role debug', `${debug.uid} ambit:ben`]);
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }];
    const changed = entriesAround(world(), [put(aRole('debug', rules))]).get(prod.uid);
    expect(texts(changed?.after)).toEqual(['role debug', `${debug.uid} ambit:ben`]);
  });

  test('is everything when a person is denied, because that may be in any of it', () => {
    const around = entriesAround(world(), [put(aUser('ben', false))]).get(prod.uid);
    expect(texts(around?.after)).toEqual(expect.arrayContaining(['DENY', 'view ambit:ann']));
    expect(texts(around?.after)).toEqual(expect.arrayContaining(['role debug']));
  });

  test('is nothing where nothing is touched, and the policy is as it was', () => {
    const policy = world();
    const before = [...policy.entries(prod.uid)];
    expect(entriesAround(policy, []).size).toBe(0);
    entriesAround(policy, [gone(annViews), gone(benViews)]);
    expect([...policy.entries(prod.uid)]).toEqual(before);
  });

  test('is not looked at when a change touches more than twenty clusters', () => {
    const clusters = Array.from({ length: 21 }, (_, index) => aCluster(`c${index}`));
    const everywhere = (count: number) =>
      aGrant('all', { user: ann, role: view, clusters: clusters.slice(0, count) });
    const around = (count: number) =>
      entriesAround(policyOf(...clusters, view, ann), [put(everywhere(count))]).size;
    expect([around(20), around(21)]).toEqual([20, 0]);
  });

  test('is not looked at in a cluster that holds more than two thousand of it', () => {
    const around = (count: number) => {
      const many = Array.from({ length: count }, (_, index) =>
        aGrant(`g${index}`, { user: ben, role: view, clusters: [prod], namespaces: [`n${index}`] }),
      );
      const policy = policyOf(prod, view, ann, ben, ...many);
      const one = aGrant('one', { user: ann, role: view, clusters: [prod], namespaces: ['own'] });
      return entriesAround(policy, [put(one)]).has(prod.uid);
    };
    expect([around(2_000), around(2_001)]).toEqual([true, false]);
  });
});
