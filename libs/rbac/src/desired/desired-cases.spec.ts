import { describe, expect, test } from '@jest/globals';
import { digests } from '../../test/digests.ts';
import {
  binding,
  ceilingWith,
  deny,
  namespace,
  owner,
  podReader,
  role,
  secretReader,
} from '../../test/worlds.ts';
import type { Ceiling } from '../ceiling/ceiling.ts';
import { isBinding } from '../is-binding.ts';
import type { BindingObject } from '../model.ts';
import { accountName } from '../naming/access-account.ts';
import { DesiredState } from './desired-state.ts';

const ours = { type: 'ours', roleUid: 'r1' } as const;
const teamA = {
  type: 'selector',
  selector: { requirements: [{ key: 'team', operator: 'In', values: ['a'] }] },
} as const;

function stateWith(change: Partial<Ceiling> = {}): DesiredState {
  const clock = { low: 0, high: 0 };
  return new DesiredState({ ...owner, digests, ceiling: ceilingWith(change), clock });
}

const custom = { customRoles: { rules: [podReader, secretReader] } };

function bindings(state: DesiredState): BindingObject[] {
  return [...state.entries()].map(({ body }) => body).filter(isBinding);
}

/** "namespace role subject" of every subject of every binding, sorted. */
function access(state: DesiredState): string[] {
  return bindings(state)
    .flatMap(({ metadata, roleRef, subjects = [] }) =>
      subjects.map(({ name }) => `${metadata.namespace ?? '*'} ${roleRef.name} ${name}`),
    )
    .sort();
}

describe('access that must go', () => {
  test('case 2: losing its last rule empties a role in place, under the same name', () => {
    const state = stateWith(custom);
    state.setIntents([role('r1', [podReader, secretReader])]);
    const [key = ''] = state.keys();
    expect(state.setIntents([role('r1', [podReader])])).toEqual(new Set([key]));
    expect(state.get(key)?.body).toMatchObject({ rules: [{ resources: ['pods'] }] });
    expect(state.setIntents([role('r1', [])])).toEqual(new Set([key]));
    expect(state.get(key)?.body).toMatchObject({ rules: [] });
  });

  test('case 3: a role made anew under an old name is another object, and old bindings do not follow', () => {
    const state = stateWith(custom);
    state.setNamespace(namespace('payments'));
    state.setIntents([role('r1', [podReader], 'debug'), binding({ key: 'BINDING/1', role: ours })]);
    const [before] = bindings(state);
    expect(state.removeIntents(['ROLE/r1']).size).toBe(2);
    expect(bindings(state)).toEqual([]);
    state.setIntents([role('r2', [secretReader], 'debug')]);
    expect(bindings(state)).toEqual([]);
    expect([...state.entries()].map(({ body }) => body.metadata.name)).not.toContain(
      before?.roleRef.name,
    );
    expect(state.problems()).toMatchObject([{ key: 'BINDING/1', reason: 'role_missing' }]);
  });

  test('case 8: of two teams that share a role, leaving one takes exactly its namespaces', () => {
    const state = stateWith();
    for (const name of ['one', 'two', 'both']) state.setNamespace(namespace(name));
    state.setIntents([
      binding({ key: 'BINDING/1', scope: { type: 'namespaces', names: ['both', 'one'] } }),
      binding({ key: 'BINDING/2', scope: { type: 'namespaces', names: ['both', 'two'] } }),
    ]);
    expect(access(state)).toHaveLength(3);
    state.removeIntents(['BINDING/1']);
    expect(access(state)).toEqual(['both view ambit:ann', 'two view ambit:ann']);
  });

  test('case 9: a namespace that changes teams changes hands in one step', () => {
    const state = stateWith();
    state.setNamespace(namespace('web', { team: 'a' }));
    const teamB = {
      type: 'selector',
      selector: { requirements: [{ key: 'team', operator: 'In', values: ['b'] }] },
    } as const;
    state.setIntents([
      binding({ key: 'BINDING/1', scope: teamA, subjects: ['ambit:ann'] }),
      binding({ key: 'BINDING/2', scope: teamB, subjects: ['ambit:bob'] }),
    ]);
    expect(access(state)).toEqual(['web view ambit:ann']);
    state.setNamespace(namespace('web', { team: 'b' }));
    expect(access(state)).toEqual(['web view ambit:bob']);
  });

  test('case 22: when the last subject leaves, the binding is no longer wanted', () => {
    const state = stateWith();
    state.setNamespace(namespace('payments'));
    state.setIntents([binding({ key: 'BINDING/1' })]);
    const [key = ''] = state.keys();
    expect(state.setIntents([binding({ key: 'BINDING/1', subjects: [] })])).toEqual(new Set([key]));
    expect(state.has(key)).toBe(false);
  });

  test.each([
    ['the role first', ['ROLE/r1', 'BINDING/1']],
    ['the binding first', ['BINDING/1', 'ROLE/r1']],
    ['both at once', [['BINDING/1', 'ROLE/r1']]],
  ])('case b1: a wildcard role and its binding leave nothing behind: %s', (_name, removals) => {
    const everything = { apiGroups: ['*'], resources: ['*'], verbs: ['get', 'create', 'delete'] };
    const state = stateWith({ customRoles: { rules: [everything] }, clusterScope: true });
    state.setIntents([
      role('r1', [everything]),
      binding({ key: 'BINDING/1', role: ours, scope: { type: 'clusterWide' } }),
    ]);
    expect(state.size).toBe(2);
    for (const keys of removals) state.removeIntents([keys].flat());
    expect(state.size).toBe(0);
  });

  test.each(['Users', 'Groups'] as const)(
    'case b2: adding and removing %s ends where it began',
    (kind) => {
      const state = stateWith({ clusterScope: true });
      state.setNamespace(namespace('payments'));
      state.setIntents([binding({ key: 'BINDING/0', subjects: ['ambit:bob'] })]);
      const before = [...state.entries()];
      const added = [
        binding({ key: 'BINDING/1', subjectKind: kind, subjects: ['ambit:devs'] }),
        binding({ key: 'BINDING/2', subjectKind: kind, scope: { type: 'clusterWide' } }),
      ];
      state.setIntents(added);
      expect(state.size).toBe(kind === 'Groups' ? 3 : 2);
      state.removeIntents(['BINDING/1', 'BINDING/2']);
      expect([...state.entries()]).toEqual(before);
    },
  );

  test('ServiceAccounts are bound in ambit-access alone, beside users of the same role', () => {
    const account = accountName('ambit:ann', 'uid-1', digests);
    const state = stateWith({ credentials: ['ServiceAccountToken'] });
    state.setNamespace(namespace('payments'));
    state.setIntents([
      binding({ key: 'BINDING/0', subjects: ['ambit:bob'] }),
      binding({
        key: 'BINDING/1',
        subjectKind: 'ServiceAccounts',
        subjects: [account, 'default', 'system:masters'],
      }),
    ]);
    const subjects = Array.from(state.entries(), ({ body }) => 'roleRef' in body && body.subjects);
    expect(subjects).toHaveLength(2);
    expect(subjects).toContainEqual([
      { kind: 'ServiceAccount', namespace: 'ambit-access', name: account },
    ]);
    const [problem] = state.problems();
    expect(problem).toMatchObject({ key: 'BINDING/1', reason: 'ceiling_refused' });
    expect(problem?.message).toContain('"default"');
    state.setIntents([deny('uid-1', account)]);
    expect(access(state)).toEqual(['payments view ambit:bob']);
  });

  test('without ServiceAccountToken in credentials no ServiceAccount is bound', () => {
    const account = accountName('ambit:ann', 'uid-1', digests);
    const state = stateWith({ credentials: ['TokenWebhook'] });
    state.setNamespace(namespace('payments'));
    state.setIntents([
      binding({ key: 'BINDING/1', subjectKind: 'ServiceAccounts', subjects: [account] }),
    ]);
    expect(state.size).toBe(0);
    expect(Array.from(state.problems(), ({ message }) => message).join()).toContain(
      'credentials does not name ServiceAccountToken',
    );
    state.setCeiling(ceilingWith({ credentials: ['ServiceAccountToken'] }));
    expect(access(state)).toEqual([`payments view ${account}`]);
  });

  test('a denied user loses everything at once, and nobody else anything', () => {
    const state = stateWith();
    for (const name of ['payments', 'web']) state.setNamespace(namespace(name));
    const scope = { type: 'namespaces', names: ['payments', 'web'] } as const;
    state.setIntents([
      binding({ key: 'BINDING/1', scope, subjects: ['ambit:ann', 'ambit:bob'] }),
      binding({ key: 'BINDING/2', scope, grantUid: 'g', notAfter: 10 }),
    ]);
    state.setIntents([deny('u1', 'ambit:ann')]);
    expect(access(state)).toEqual(['payments view ambit:bob', 'web view ambit:bob']);
    state.removeIntents(['DENY/u1']);
    expect(access(state)).toHaveLength(6);
  });
});

describe('access that must not be lost or multiplied', () => {
  test('case 18: one more subject changes one object and makes none', () => {
    const state = stateWith();
    state.setNamespace(namespace('payments'));
    state.setIntents([binding({ key: 'BINDING/1' })]);
    const keys = [...state.keys()];
    const subjects = ['ambit:ann', 'ambit:bob'];
    expect([...state.setIntents([binding({ key: 'BINDING/1', subjects })])]).toEqual(keys);
    expect([...state.keys()]).toEqual(keys);
  });

  test('case 19: one bad intent of fifty holds up none of the others', () => {
    const state = stateWith();
    const names = Array.from({ length: 50 }, (_, index) => `n${index}`);
    for (const name of names.slice(1)) state.setNamespace(namespace(name));
    state.setIntents(
      names.map((name, index) =>
        binding({ key: `BINDING/${index}`, scope: { type: 'namespaces', names: [name] } }),
      ),
    );
    expect(access(state)).toHaveLength(49);
    expect(state.problems()).toMatchObject([
      { key: 'BINDING/0', reason: 'namespace_missing', namespace: 'n0' },
    ]);
  });

  test('case 20: a namespace made later gets its bindings by that event alone', () => {
    const state = stateWith();
    state.setIntents([
      binding({ key: 'BINDING/1', scope: { type: 'namespaces', names: ['late'] } }),
      binding({ key: 'BINDING/2', scope: teamA, subjects: ['ambit:bob'] }),
    ]);
    expect(state.size).toBe(0);
    state.setNamespace(namespace('late', { team: 'a' }));
    expect(access(state)).toEqual(['late view ambit:ann', 'late view ambit:bob']);
    expect(state.problems()).toEqual([]);
  });

  test('case 21: labels put on and taken off later count', () => {
    const state = stateWith();
    state.setIntents([binding({ key: 'BINDING/1', scope: teamA })]);
    state.setNamespace(namespace('web'));
    expect(access(state)).toEqual([]);
    state.setNamespace(namespace('web', { team: 'a' }));
    expect(access(state)).toEqual(['web view ambit:ann']);
    state.setNamespace(namespace('web', { tier: 'a' }));
    expect(access(state)).toEqual([]);
  });

  test('case 53: in a namespace under deletion nothing is made, what is there may be narrowed, nobody complains', () => {
    const state = stateWith();
    state.setNamespace(namespace('payments'));
    state.setIntents([binding({ key: 'BINDING/1', subjects: ['ambit:ann', 'ambit:bob'] })]);
    const [key = ''] = state.keys();
    expect(state.setNamespace(namespace('payments', {}, 'Terminating'))).toEqual(new Set([key]));
    expect(state.get(key)?.createHeld).toBe(true);
    expect(state.setIntents([binding({ key: 'BINDING/1' })])).toEqual(new Set([key]));
    expect(state.problems()).toEqual([]);
    expect(state.removeNamespace('payments')).toEqual(new Set([key]));
  });

  test('case 55: twenty restarts derive the same objects under the same names', () => {
    const keys = Array.from({ length: 20 }, () => {
      const state = stateWith(custom);
      state.setNamespace(namespace('payments'));
      state.setIntents([role('r1', [podReader]), binding({ key: 'BINDING/1', role: ours })]);
      return [...state.keys()];
    });
    expect(new Set(keys.flat()).size).toBe(2);
  });

  test('case 65: a selector that matches nothing is a state, not an error', () => {
    const state = stateWith();
    expect(state.setIntents([binding({ key: 'BINDING/1', scope: teamA })])).toEqual(new Set());
    expect(state.problems()).toEqual([]);
  });
});

describe('the shape of objects', () => {
  test('case b20: apiGroup stands in every reference and subject, the core group as the empty text', () => {
    const state = stateWith(custom);
    state.setNamespace(namespace('payments'));
    state.setIntents([role('r1', [podReader], 'debug'), binding({ key: 'BINDING/1', role: ours })]);
    const group = 'rbac.authorization.k8s.io';
    const [clusterRole, roleBinding] = [...state.entries()].map(({ body }) => body);
    const labels = {
      'ambit.dev/managed-by': 'ambit',
      'ambit.dev/cluster': 'cluster-uid',
      'ambit.dev/installation': 'installation-uid',
    };
    expect(clusterRole).toEqual({
      apiVersion: `${group}/v1`,
      kind: 'ClusterRole',
      metadata: {
        name: 'ambit-debug-pnk2j75bxyh6',
        labels,
        annotations: {
          'ambit.dev/identity': '11:ClusterRole,0:,5:debug,4:role,2:r1,0:',
          'ambit.dev/intents': 'debug',
        },
      },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }],
    });
    expect(roleBinding).toEqual({
      apiVersion: `${group}/v1`,
      kind: 'RoleBinding',
      metadata: {
        name: 'ambit-debug-hhfbixa3mn2z',
        namespace: 'payments',
        labels,
        annotations: {
          'ambit.dev/identity':
            '11:RoleBinding,8:payments,24:ambit-debug-pnk2j75bxyh6,8:standing,0:,0:',
          'ambit.dev/intents': 'grant',
        },
      },
      roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'ambit-debug-pnk2j75bxyh6' },
      subjects: [{ kind: 'User', apiGroup: group, name: 'ambit:ann' }],
    });
  });

  test('case b18: a role for namespaces is never promoted to cluster scope, whatever it names', () => {
    const nodes = { apiGroups: [''], resources: ['nodes', 'persistentvolumes'], verbs: ['get'] };
    const urls = { nonResourceURLs: ['/metrics'], verbs: ['get'] };
    const state = stateWith({ customRoles: { rules: [nodes, urls] }, clusterScope: true });
    state.setNamespace(namespace('payments'));
    state.setIntents([role('r1', [nodes, urls]), binding({ key: 'BINDING/1', role: ours })]);
    expect(bindings(state).map(({ kind }) => kind)).toEqual(['RoleBinding']);
  });

  test('case 60: our objects carry three labels of ours and none that other tools prune or aggregate by', () => {
    const state = stateWith(custom);
    state.setNamespace(namespace('payments', { 'app.kubernetes.io/instance': 'shop' }));
    state.setIntents([role('r1', [podReader]), binding({ key: 'BINDING/1', role: ours })]);
    for (const { body } of state.entries()) {
      expect(Object.keys(body.metadata.labels ?? {}).sort()).toEqual([
        'ambit.dev/cluster',
        'ambit.dev/installation',
        'ambit.dev/managed-by',
      ]);
    }
  });

  test('time-bound access has objects and an end of its own', () => {
    const state = stateWith();
    state.setNamespace(namespace('payments'));
    const end = Date.UTC(2026, 10, 24, 12);
    state.setIntents([
      binding({ key: 'BINDING/1' }),
      binding({ key: 'BINDING/2', grantUid: 'g1', notAfter: end }),
      // No grant is named, yet it ends: it may not share an object with what stays.
      binding({ key: 'BINDING/3', notAfter: end }),
    ]);
    const ends = [...state.entries()].map(({ body }) => {
      return body.metadata.annotations?.['ambit.dev/not-after'];
    });
    expect(ends.sort()).toEqual([
      '2026-11-24T12:00:00.000Z',
      '2026-11-24T12:00:00.000Z',
      undefined,
    ]);
    expect(state.untilNextDeadline()).toBe(end);
    state.setTime({ low: 0, high: end });
    expect(access(state)).toEqual(['payments view ambit:ann']);
  });
});

describe('many subjects', () => {
  const people = Array.from({ length: 300 }, (_, index) => `ambit:u${index}`);
  const half = (from: number): readonly string[] => people.slice(from, from + 150);

  test('intents that meet in a namespace are split by one rule, and joined again, and nobody falls between', () => {
    const state = stateWith();
    state.setNamespace(namespace('payments'));
    state.setIntents([binding({ key: 'BINDING/1', subjects: half(0) })]);
    const [whole] = bindings(state);
    const split = state.setIntents([binding({ key: 'BINDING/2', subjects: half(150) })]);
    expect(split.size).toBe(3);
    expect(access(state)).toHaveLength(300);
    expect(bindings(state).map(({ subjects }) => (subjects?.length ?? 0) <= 256)).toEqual([
      true,
      true,
    ]);
    expect(whole && state.keepsAccess(whole)).toBe(true);
    expect(state.removeIntents(['BINDING/2'])).toEqual(split);
    expect(bindings(state)).toEqual([whole]);
  });

  test('one subject more in two shards touches one of them', () => {
    const state = stateWith();
    state.setNamespace(namespace('payments'));
    state.setIntents([binding({ key: 'BINDING/1', subjects: people })]);
    const more = [...people, 'ambit:newcomer'];
    expect(state.setIntents([binding({ key: 'BINDING/1', subjects: more })]).size).toBe(1);
  });
});

describe('problems', () => {
  test('each names its intent, a reason of the protocol and what would help', () => {
    const state = stateWith();
    state.setNamespace(namespace('payments'));
    state.setExistingRoles(['view']);
    state.setIntents([
      binding({ key: 'BINDING/1', role: { type: 'existing', clusterRole: 'cluster-admin' } }),
      binding({ key: 'BINDING/2', role: { type: 'existing', clusterRole: 'edit' } }),
      binding({ key: 'BINDING/3', scope: { type: 'clusterWide' } }),
      binding({ key: 'BINDING/4', scope: { type: 'namespaces', names: ['kube-system'] } }),
      binding({ key: 'BINDING/5', notBefore: Date.UTC(2030, 0) }),
      binding({ key: 'BINDING/6', subjects: ['ambit:ann', 'system:masters'] }),
      binding({ key: 'BINDING/7', notAfter: 0 }),
      role('r1', [podReader], 'debug'),
    ]);
    expect(state.problems().map(({ key, reason, message }) => [key, reason, message])).toEqual([
      [
        'BINDING/1',
        'ceiling_refused',
        'ClusterRole "cluster-admin" is not in this cluster\'s allowedClusterRoles',
      ],
      ['BINDING/2', 'role_missing', 'there is no ClusterRole "edit" in this cluster'],
      [
        'BINDING/3',
        'ceiling_refused',
        'this cluster takes no cluster-wide bindings (clusterScope is false)',
      ],
      ['BINDING/4', 'ceiling_refused', 'namespace "kube-system" is protected'],
      ['BINDING/5', 'not_yet_active', 'starts at 2030-01-01T00:00:00.000Z'],
      [
        'BINDING/6',
        'ceiling_refused',
        'subject "system:masters" is refused: names that begin with "system:" belong to Kubernetes',
      ],
      [
        'ROLE/r1',
        'ceiling_refused',
        'role "debug": this cluster takes no roles with rules of their own (customRoles.rules is empty)',
      ],
    ]);
    // What is allowed of an intent is in force all the same.
    expect(access(state)).toEqual(['payments view ambit:ann']);
    state.setExistingRoles(['view', 'edit']);
    expect(access(state)).toEqual(['payments edit ambit:ann', 'payments view ambit:ann']);
  });
});
