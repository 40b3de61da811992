import { describe, expect, test } from '@jest/globals';
import type { Operation, UpdateObject } from '../diff/operation.ts';
import type { BindingObject, PolicyRule, RbacObject, RbacSubject } from '../model.ts';
import { isWrite, onlyTakingAway, takesAway } from './taking-away.ts';
import type { Write } from './taking-away.ts';

const key = 'RoleBinding/payments/ambit-view-1';
const seen = { key, uid: 'u1', resourceVersion: '1' };
const user = (name: string): RbacSubject => ({
  kind: 'User',
  apiGroup: 'rbac.authorization.k8s.io',
  name,
});
const [ann, ben, eve] = [user('ann'), user('ben'), user('eve')];
const bindingOf = (...subjects: RbacSubject[]): BindingObject => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name: 'ambit-view-1', namespace: 'payments' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
  subjects,
});
const rule = (verb: string): PolicyRule => ({
  apiGroups: [''],
  resources: ['pods'],
  verbs: [verb],
});
const roleOf = (rules: readonly PolicyRule[] | null): RbacObject => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'ambit-debugger' },
  rules,
});

const create: Write = { type: 'create', key, lane: 'P2', body: bindingOf(ann) };
const removal = { ...seen, lane: 'P0', finalizers: [], deleting: false } as const;
const remove: Write = { type: 'delete', ...removal };
const recreate: Write = {
  type: 'recreate',
  ...removal,
  body: bindingOf(ann),
  createHeld: false,
};
const metadata = { uid: 'u1', resourceVersion: '1' };
const update = (change: Partial<UpdateObject>): UpdateObject => ({
  type: 'update',
  ...seen,
  lane: 'P0',
  patch: { metadata },
  changes: [],
  narrows: true,
  gains: [],
  loses: [],
  body: bindingOf(ann),
  ...change,
});
const foreign: Operation = { type: 'foreign', key, ownership: 'foreign', inTheWay: true };
const adopt: Operation = { type: 'adopt', ...seen };

test('what writes nothing is no write', () => {
  for (const write of [create, remove, recreate, update({})]) expect(isWrite(write)).toBe(true);
  for (const other of [undefined, foreign, adopt]) expect(isWrite(other)).toBe(false);
});

test('a removal, a new making and a narrowing take away; a creation and a widening do not', () => {
  for (const write of [remove, recreate, update({ narrows: true })])
    expect(takesAway(write)).toBe(true);
  for (const write of [create, update({ narrows: false })]) expect(takesAway(write)).toBe(false);
});

describe('as much of a write as takes away for good', () => {
  const part = (write: Write, observed?: RbacObject) => onlyTakingAway(write, observed);

  test('nothing of a creation, nor of what something else replaces, nor of a widening', () => {
    for (const write of [
      create,
      { ...remove, lane: 'P3' } as const,
      update({ lane: 'P3' }),
      update({ narrows: false }),
    ])
      expect(part(write)).toBeUndefined();
  });

  test('all of a removal; of a new making the removal alone', () => {
    expect(part(remove)).toBe(remove);
    expect(part(recreate)).toEqual({ ...recreate, createHeld: true });
  });

  test('of an update the subjects that go, and none that comes, in the patch as in the body', () => {
    const write = update({
      patch: { metadata, subjects: [ann, eve] },
      gains: [eve],
      loses: [ben],
      body: bindingOf(ann, eve),
    });
    expect(part(write, bindingOf(ann, ben))).toEqual({
      ...write,
      gains: [],
      patch: { metadata, subjects: [ann] },
      body: bindingOf(ann),
    });
  });

  test('of the rules of a role those that it gave before, as far as that is known', () => {
    const write = update({ patch: { metadata, rules: [rule('get'), rule('list')] } });
    const kept = (before: readonly PolicyRule[] | null): unknown => {
      const narrowed = part(write, roleOf(before));
      return narrowed?.type === 'update' ? narrowed.patch : narrowed;
    };
    expect(kept([rule('get'), rule('watch')])).toEqual({ metadata, rules: [rule('get')] });
    expect(kept([rule('*')])).toEqual({ metadata, rules: [rule('get'), rule('list')] });
    expect(kept(null)).toEqual({ metadata, rules: [] });
    expect(part(write, undefined)).toBe(write);
    expect(part(write, bindingOf(ann))).toBe(write);
  });

  test('an update of labels alone stays as it is', () => {
    const write = update({ patch: { metadata: { ...metadata, labels: { a: null } } } });
    expect(part(write, bindingOf(ann))).toBe(write);
  });

  test('a role whose update names subjects keeps its body', () => {
    const write = update({ patch: { metadata, subjects: [ann] }, body: roleOf([]) });
    expect(part(write, roleOf([]))).toMatchObject({ body: roleOf([]) });
  });
});
