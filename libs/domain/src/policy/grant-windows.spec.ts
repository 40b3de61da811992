import { describe, expect, test } from '@jest/globals';
import { defaultCeiling } from '@ambit/rbac';
import { nodeDigests } from '../../test/node-digests.ts';
import {
  aCluster,
  aGrant,
  aRole,
  aTeam,
  aUser,
  inNamespaces,
  membersOf,
  on,
  owning,
  put,
  to,
} from '../../test/policy-builders.ts';
import { load } from '../../test/policy-state.ts';
import { canI } from '../access/can-i.ts';
import { entriesOf } from '../access/entries-of-way.ts';
import { accessInCluster } from '../access/explain-access.ts';
import { whoCan } from '../access/who-can.ts';
import type { GrantWindow } from '../grants/grant-hours.ts';
import type { PolicyObject } from '../policy-objects.ts';
import { guardCommit } from '../preview/guard-commit.ts';
import { measureEffect } from '../preview/preview.ts';
import type { Policy } from './policy.ts';

const [prod, view] = [aCluster('prod'), aRole('view')];
const [ann, ben] = [aUser('ann'), aUser('ben')];
const team = aTeam('payments', {
  members: membersOf(ann, ben),
  owns: [owning(on(prod), 'payments'), owning(on(prod), 'ledger')],
});
const hours = [{ days: ['Mon', 'Tue', 'Wed'], from: '08:00', to: '18:00', timeZone: 'UTC' }];
const window = (from: number, until = from + 500): GrantWindow => ({ from, until });
const hourly = (...windows: GrantWindow[]) =>
  aGrant('hourly', {
    subjects: to(ann),
    role: view,
    clusters: on(prod),
    namespaces: inNamespaces('payments'),
    hours,
    windows,
  });
const basics: PolicyObject[] = [prod, view, ann, ben, team];
const bindings = (policy: Policy) =>
  Array.from(policy.entries(prod.uid)).flatMap((entry) =>
    entry.section === 'BINDING' ? [entry] : [],
  );
const keyOf = (policy: Policy, begins: number): string | undefined =>
  bindings(policy).find(({ notBefore }) => notBefore === begins)?.key;

const facts = {
  clusterRoles: new Map([['view', [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }]]]),
  namespaces: new Map([['payments', { labels: {}, phase: 'Active' }]]),
  ceiling: defaultCeiling,
};
const question = {
  clusterUid: prod.uid,
  verb: 'get',
  apiGroup: '',
  resource: 'pods',
  namespace: 'payments',
};
const can = (policy: Policy, now: number) => canI({ policy, facts, question, user: 'ann', now });

describe('a grant with hours', () => {
  test('is an entry for each of its windows, and somebody who holds it once', () => {
    const policy = load(...basics, hourly(window(1_000), window(2_000)));
    expect(bindings(policy)).toHaveLength(2);
    for (const from of [1_000, 2_000]) {
      expect(bindings(policy)).toContainEqual(
        expect.objectContaining({
          grantUid: 'grant-uid-hourly',
          notBefore: from,
          notAfter: from + 500,
          subjects: ['ambit:ann'],
          grants: ['hourly'],
        }),
      );
    }
    expect(policy.triples(prod.uid)).toBe(1);
  });

  test('that is laid out further touches the windows that came and went, and takes nothing', () => {
    const policy = load(...basics, hourly(window(1_000), window(2_000), window(3_000)));
    const kept = [keyOf(policy, 2_000), keyOf(policy, 3_000)];
    const gone = keyOf(policy, 1_000);
    const changes = [put(hourly(window(2_000), window(3_000), window(4_000)))];
    expect(measureEffect(policy, changes)).toMatchObject({
      effect: { clusters: [{ bindingsAdded: 0, bindingsRemoved: 0, gain: [], lose: [] }] },
      leftWithout: [],
    });
    expect(guardCommit(policy, changes, { digests: nodeDigests }).allow).toBe(true);
    const touched = policy.apply({ revision: policy.revision + 1, changes });
    expect([keyOf(policy, 2_000), keyOf(policy, 3_000)]).toEqual(kept);
    expect(touched).toEqual(new Map([[prod.uid, new Set([gone, keyOf(policy, 4_000)])]]));
  });

  test('whose open window goes on is the same entry with a later end', () => {
    const policy = load(...basics, hourly(window(1_000, 9_000)));
    const key = keyOf(policy, 1_000);
    const changes = [put(hourly(window(1_000, 10_000)))];
    const touched = policy.apply({ revision: policy.revision + 1, changes });
    expect(touched).toEqual(new Map([[prod.uid, new Set([key])]]));
    expect(bindings(policy)).toMatchObject([{ key, notAfter: 10_000 }]);
  });

  test('gives nothing where no window is laid out, and is told of', () => {
    const policy = load(...basics, hourly());
    expect(bindings(policy)).toEqual([]);
    expect(can(policy, 1_000)).toMatchObject({
      allowed: false,
      refusals: [{ reason: 'outside_hours', grant: 'hourly' }],
    });
  });

  test('is answered by the window that is open or comes next, and by that alone', () => {
    const policy = load(...basics, hourly(window(1_000), window(2_000), window(3_000)));
    expect(can(policy, 2_100)).toMatchObject({
      allowed: true,
      until: 2_500,
      paths: [{ grant: 'hourly', until: 2_500, hours: 'Mon-Wed 08:00–18:00 UTC' }],
    });
    const no = can(policy, 2_500);
    expect(no).toMatchObject({ allowed: false });
    expect('refusals' in no && no.refusals).toEqual([
      {
        reason: 'outside_hours',
        message: 'Grant hourly holds within Mon-Wed 08:00–18:00 UTC only.',
        grant: 'hourly',
        at: 3_000,
      },
    ]);
    const after = can(policy, 3_500);
    expect('refusals' in after && after.refusals.map(({ at }) => at)).toEqual([undefined]);
    for (const [now, holders] of [
      [999, []],
      [1_000, ['ann']],
      [1_499, ['ann']],
      [1_500, []],
    ] as const) {
      const { holders: found } = whoCan({ policy, facts, question, now });
      expect(found.map(({ user }) => user)).toEqual(holders);
      expect(accessInCluster({ policy, facts, clusterUid: prod.uid, now }, ann)).toHaveLength(1);
    }
  });

  test('stands, for who asks why, in the entry of that window alone', () => {
    const policy = load(...basics, hourly(window(1_000), window(2_000)));
    const [way] = accessInCluster({ policy, facts, clusterUid: prod.uid, now: 1_200 }, ann);
    const grant = way?.grant ?? hourly();
    const found = [...policy.entries(prod.uid)].filter(
      entriesOf(grant, policy.role(grant.roleUid)),
    );
    expect(found.map(({ notBefore }) => notBefore)).toEqual([1_000]);
  });

  test('to a team of what it owns has its windows in each of its places', () => {
    const own = {
      ...hourly(window(1_000), window(2_000)),
      subjects: to(team),
      scope: { clusters: on(prod), namespaces: { type: 'owned' as const } },
    };
    const policy = load(...basics, own);
    const places = bindings(policy).map(({ scope, notBefore, subjects }) => [
      scope.type === 'namespaces' ? scope.names : [],
      notBefore,
      subjects,
    ]);
    const both = ['ambit:ann', 'ambit:ben'];
    expect(places).toHaveLength(2);
    for (const from of [1_000, 2_000])
      expect(places).toContainEqual([['ledger', 'payments'], from, both]);
    policy.apply({ revision: policy.revision + 1, changes: [put({ ...team, members: [] })] });
    expect(bindings(policy)).toEqual([]);
  });
});
