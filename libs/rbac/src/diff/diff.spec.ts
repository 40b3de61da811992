import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { digests } from '../../test/digests.ts';
import { FakeCluster } from '../../test/fake-cluster.ts';
import {
  binding,
  ceilingWith,
  intentOf,
  namespace,
  namespaceOf,
  owner,
  podReader,
  role,
  secretReader,
} from '../../test/worlds.ts';
import type { Intent } from '../intents.ts';
import { DesiredState } from '../desired/desired-state.ts';
import type { BindingObject, RbacObject, RoleObject } from '../model.ts';
import { identityText, objectName } from '../naming/object-identity.ts';
import { diffObject } from './diff-object.ts';
import { ownership } from './ownership.ts';
import { withRevision } from './with-revision.ts';

const ceiling = ceilingWith({
  allowedClusterRoles: ['view', 'edit'],
  customRoles: { rules: [podReader, secretReader] },
  clusterScope: true,
});

function stateWith(intents: Intent[]): DesiredState {
  const state = new DesiredState({ ...owner, digests, ceiling, clock: { low: 15, high: 15 } });
  state.setNamespace(namespace('payments'));
  state.setIntents(intents);
  return state;
}

function withSubjects(...subjects: string[]): DesiredState {
  return stateWith([binding({ key: 'BINDING/1', subjects })]);
}

/** The only wanted object, as it would stand in the cluster. */
function live(state: DesiredState): { key: string; object: RbacObject } {
  const [wanted] = state.entries();
  if (wanted === undefined) throw new Error('nothing is wanted');
  const metadata = { ...wanted.body.metadata, uid: 'u1', resourceVersion: '7' };
  return { key: wanted.key, object: { ...wanted.body, metadata } };
}

function changed<T extends RbacObject>(object: RbacObject, change: Partial<T>): RbacObject {
  return { ...object, ...change } as RbacObject;
}

describe('diff', () => {
  test('case 57: reconciling twice writes nothing the second time, from any state to any other', () => {
    const world = fc.record({
      intents: fc.array(intentOf, { maxLength: 6 }),
      namespaces: fc.array(namespaceOf, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(world, { minLength: 1, maxLength: 3 }), fc.integer(), (worlds, seed) => {
        const cluster = new FakeCluster(owner, digests);
        for (const { intents, namespaces } of worlds) {
          const state = stateWith(intents);
          for (const one of namespaces) state.setNamespace({ ...one, phase: 'Active' });
          cluster.reconcile(state);
          cluster.shuffle(seed);
          expect(cluster.reconcile(state)).toBe(0);
          expect(cluster.ours()).toEqual(new Set(state.keys()));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('case 57: another order, repetition and revision of what is there are no difference', () => {
    const state = stateWith([role('r1', [podReader, secretReader])]);
    const { key, object } = live(state);
    const [first, second] = (object as RoleObject).rules ?? [];
    const rules = [second, { ...first, verbs: ['list', 'get', 'list'], resourceNames: [] }, second];
    const shuffled = changed<RoleObject>(withRevision(object as RoleObject, 99), {
      rules: rules as RoleObject['rules'],
    });
    expect(diffObject(state.get(key), shuffled, 'ours')).toBeUndefined();
  });

  test('case 18: a subject more is an update in place, which never takes the object away', () => {
    const { object } = live(withSubjects('ambit:ann'));
    const state = withSubjects('ambit:ann', 'ambit:bob');
    const [key = ''] = state.keys();
    expect(diffObject(state.get(key), object, 'ours')).toMatchObject({
      type: 'update',
      lane: 'P2',
      narrows: false,
      changes: ['subjects'],
      patch: {
        metadata: { uid: 'u1', resourceVersion: '7' },
        subjects: [{ name: 'ambit:ann' }, { name: 'ambit:bob' }],
      },
      gains: [{ name: 'ambit:bob' }],
      loses: [],
    });
  });

  test('a subject less is a narrowing and goes first, also together with one more', () => {
    const { object } = live(withSubjects('ambit:ann', 'ambit:bob'));
    const state = withSubjects('ambit:ann', 'ambit:cat');
    const [key = ''] = state.keys();
    const operation = diffObject(state.get(key), object, 'ours');
    expect(operation).toMatchObject({ type: 'update', lane: 'P0', narrows: true });
    expect(operation).toMatchObject({
      loses: [{ name: 'ambit:bob' }],
      gains: [{ name: 'ambit:cat' }],
    });
  });

  test('case 2: a role that loses rules is narrowed first, in place; one that gains them is not', () => {
    const wide = live(stateWith([role('r1', [podReader, secretReader])]));
    const narrow = live(stateWith([role('r1', [podReader])]));
    const toNarrow = stateWith([role('r1', [podReader])]).get(wide.key);
    expect(diffObject(toNarrow, wide.object, 'ours')).toMatchObject({ lane: 'P0', narrows: true });
    const toEmpty = stateWith([role('r1', [])]).get(wide.key);
    expect(diffObject(toEmpty, wide.object, 'ours')).toMatchObject({
      lane: 'P0',
      patch: { rules: [] },
    });
    const toWide = stateWith([role('r1', [podReader, secretReader])]).get(narrow.key);
    expect(diffObject(toWide, narrow.object, 'ours')).toMatchObject({ lane: 'P1', narrows: false });
  });

  test('case 23: another role is another object, and the old one waits only where nobody loses by it', () => {
    const before = live(withSubjects('ambit:ann'));
    const roleRef = { type: 'existing', clusterRole: 'edit' } as const;
    const after = stateWith([binding({ key: 'BINDING/1', role: roleRef })]);
    const [key = ''] = after.keys();
    expect(key).not.toBe(before.key);
    expect(diffObject(after.get(key), undefined, 'ours')).toMatchObject({
      type: 'create',
      lane: 'P2',
    });
    const old = before.object as BindingObject;
    const everything = { ...podReader, verbs: ['get', 'list', 'create'] };
    const rulesOf = (name: string): readonly (typeof podReader)[] =>
      name === 'edit' ? [everything] : [podReader];
    const replaced = after.keepsAccess(old, rulesOf);
    expect(diffObject(undefined, old, 'ours', replaced)).toMatchObject({
      type: 'delete',
      lane: 'P3',
    });
    const narrowed = after.keepsAccess(old, (name) =>
      name === 'edit' ? [podReader] : [everything],
    );
    expect(diffObject(undefined, old, 'ours', narrowed)).toMatchObject({
      type: 'delete',
      lane: 'P0',
    });
    expect(after.keepsAccess(old)).toBe(false);
  });

  test('a roleRef that differs under our name is taken away and made anew', () => {
    const state = withSubjects('ambit:ann');
    const { key, object } = live(state);
    const hijacked = changed<BindingObject>(object, {
      roleRef: {
        apiGroup: 'rbac.authorization.k8s.io',
        kind: 'ClusterRole',
        name: 'cluster-admin',
      },
    });
    expect(diffObject(state.get(key), hijacked, 'ours')).toMatchObject({
      type: 'recreate',
      lane: 'P0',
    });
  });

  test('case 25: a roleRef to a Role of the same name is not ours to keep', () => {
    const state = withSubjects('ambit:ann');
    const { key, object } = live(state);
    const roleRef = { ...(object as BindingObject).roleRef, kind: 'Role' } as const;
    const operation = diffObject(
      state.get(key),
      changed<BindingObject>(object, { roleRef }),
      'ours',
    );
    expect(operation).toMatchObject({ type: 'recreate' });
  });

  test('case 59: rules of a role with an aggregationRule are never patched', () => {
    const state = stateWith([role('r1', [podReader])]);
    const { key, object } = live(state);
    const aggregated = changed<RoleObject>(object, {
      aggregationRule: { clusterRoleSelectors: [{}] },
      rules: [podReader, secretReader],
    });
    expect(diffObject(state.get(key), aggregated, 'ours')).toMatchObject({ type: 'recreate' });
  });

  test('a label that would widen edit is taken off our role', () => {
    const state = stateWith([role('r1', [podReader])]);
    const { key, object } = live(state);
    const label = 'rbac.authorization.k8s.io/aggregate-to-edit';
    const labels = { ...object.metadata.labels, [label]: 'true', other: 'kept' };
    const labelled = changed<RoleObject>(object, { metadata: { ...object.metadata, labels } });
    expect(diffObject(state.get(key), labelled, 'ours')).toMatchObject({
      changes: ['labels'],
      patch: { metadata: { labels: { [label]: null } } },
    });
  });

  test('case 64: labels off, subjects edited, gone by hand: each is seen and mended', () => {
    const state = withSubjects('ambit:ann');
    const { key, object } = live(state);
    const bare = {
      name: object.metadata.name,
      namespace: 'payments',
      uid: 'u1',
      resourceVersion: '8',
    };
    const stripped = changed<BindingObject>(object, { metadata: bare });
    const whose = ownership(stripped, { ...owner, digests, inventoryUid: 'u1' });
    expect(whose).toBe('ours');
    expect(diffObject(state.get(key), stripped, whose)).toMatchObject({
      type: 'update',
      changes: ['labels', 'annotations'],
    });
    const eve = { kind: 'User', name: 'eve' } as const;
    const edited = changed<BindingObject>(object, { subjects: [eve] });
    expect(diffObject(state.get(key), edited, 'ours')).toMatchObject({
      lane: 'P0',
      loses: [{ name: 'eve' }],
    });
    expect(diffObject(state.get(key), undefined, 'ours')).toMatchObject({ type: 'create' });
  });

  test('an end put on an object that has none is taken off', () => {
    const state = withSubjects('ambit:ann');
    const { key, object } = live(state);
    const annotations = { ...object.metadata.annotations, 'ambit.dev/not-after': 'x' };
    const spoilt = changed<BindingObject>(object, {
      metadata: { ...object.metadata, annotations },
    });
    expect(diffObject(state.get(key), spoilt, 'ours')).toMatchObject({
      patch: { metadata: { annotations: { 'ambit.dev/not-after': null } } },
    });
  });

  test('a binding that somebody’s finalizer holds still grants: its removal names the finalizers', () => {
    const { object } = live(withSubjects('ambit:ann'));
    const metadata = {
      ...object.metadata,
      finalizers: ['example.com/keep'],
      deletionTimestamp: '2026-11-24T12:00:00Z',
    };
    expect(
      diffObject(undefined, changed<BindingObject>(object, { metadata }), 'ours'),
    ).toMatchObject({
      type: 'delete',
      lane: 'P0',
      deleting: true,
      finalizers: ['example.com/keep'],
    });
  });

  test('in a namespace under deletion nothing is created, and excess still goes', () => {
    const state = withSubjects('ambit:ann');
    const { key, object } = live(withSubjects('ambit:ann', 'ambit:bob'));
    state.setNamespace(namespace('payments', {}, 'Terminating'));
    expect(diffObject(state.get(key), undefined, 'ours')).toBeUndefined();
    expect(diffObject(state.get(key), object, 'ours')).toMatchObject({
      type: 'update',
      narrows: true,
    });
  });
});

describe('ownership', () => {
  const context = { ...owner, digests };
  const { key, object } = live(withSubjects('ambit:ann'));
  const relabelled = (labels: Record<string, string>): RbacObject =>
    changed<BindingObject>(object, {
      metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...labels } },
    });

  test('the inventory or a name that its identity proves makes it ours', () => {
    expect(ownership(object, { ...context, inventoryUid: 'u1' })).toBe('ours');
    expect(ownership(object, context)).toBe('adoptable');
    expect(diffObject(withSubjects('ambit:ann').get(key), object, 'adoptable')).toEqual({
      type: 'adopt',
      key,
      uid: 'u1',
      resourceVersion: '7',
    });
  });

  test('case 16: with our labels copied onto it, somebody’s object stays somebody’s', () => {
    for (const name of ['admins', 'ambit-view-aaaaaaaaaaaa']) {
      const copy = changed<BindingObject>(object, {
        metadata: { ...object.metadata, name, uid: 'u9' },
      });
      expect(ownership(copy, context)).toBe('copied');
      expect(ownership(copy, { ...context, inventoryUid: 'u1' })).toBe('copied');
      expect(diffObject(undefined, copy, 'copied')).toMatchObject({
        type: 'foreign',
        inTheWay: false,
      });
    }
    const { labels } = object.metadata;
    const bare = changed<BindingObject>(object, {
      metadata: { name: 'admins', ...(labels && { labels }) },
    });
    expect(ownership(bare, context)).toBe('copied');
    expect(
      diffObject(undefined, relabelled({ 'ambit.dev/cluster': 'x' }), 'foreign'),
    ).toBeUndefined();
  });

  test('case 31: labels of a cluster whose uid begins with ours are not ours', () => {
    for (const uid of ['cluster-uid-2', 'cluster-ui', 'CLUSTER-UID', 'cluster-uid ']) {
      expect(ownership(relabelled({ 'ambit.dev/cluster': uid }), context)).toBe('foreign');
      expect(ownership(relabelled({ 'ambit.dev/installation': uid }), context)).toBe('foreign');
    }
  });

  test('case 17: a name that is taken is reported and left alone', () => {
    const metadata = { name: object.metadata.name, namespace: 'payments', uid: 'u5' };
    const foreign = changed<BindingObject>(object, { metadata });
    const whose = ownership(foreign, context);
    expect(diffObject(withSubjects('ambit:ann').get(key), foreign, whose)).toEqual({
      type: 'foreign',
      key,
      ownership: 'foreign',
      inTheWay: true,
    });
  });

  test('a Role is pruned when it proves itself, although none is written now', () => {
    const identity = {
      kind: 'Role',
      namespace: 'payments',
      role: 'debug',
      class: 'role',
      uid: 'r1',
      shard: '',
    } as const;
    const name = objectName(identity, digests);
    const annotations = { 'ambit.dev/identity': identityText(identity) };
    const { labels = {} } = object.metadata;
    const proven: RbacObject = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name, namespace: 'payments', uid: 'u3', labels, annotations },
      rules: [podReader],
    };
    expect(ownership(proven, context)).toBe('adoptable');
    expect(diffObject(undefined, proven, 'adoptable')).toMatchObject({
      type: 'delete',
      lane: 'P0',
    });
  });

  test('break-glass bindings are never touched, not even ours', () => {
    const breakGlass = [object.metadata.name];
    const whose = ownership(object, { ...context, inventoryUid: 'u1', breakGlass });
    expect(whose).toBe('break-glass');
    expect(diffObject(undefined, object, whose)).toBeUndefined();
  });
});
