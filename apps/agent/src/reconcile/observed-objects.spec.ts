import { describe, expect, test } from '@jest/globals';
import type { BindingObject, ObjectMeta } from '@ambit/rbac';
import { ObservedObjects, isNewer, keyOf, splitKey } from './observed-objects.ts';

function object(metadata: Partial<ObjectMeta>): BindingObject {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'a', namespace: 'n', uid: 'u1', resourceVersion: '5', ...metadata },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [],
  };
}

const key = 'RoleBinding/n/a';

describe('what stands in the cluster', () => {
  test('an older version never replaces a newer one, whatever order they arrive in', () => {
    const observed = new ObservedObjects({});
    expect(observed.put(object({ resourceVersion: '10' }))).toBe(true);
    expect(observed.put(object({ resourceVersion: '9' }))).toBe(false);
    expect(observed.put(object({ resourceVersion: '10' }))).toBe(false);
    expect(observed.put(object({ uid: 'u0', resourceVersion: '9' }))).toBe(false);
    expect(observed.get(key)?.metadata).toMatchObject({ uid: 'u1', resourceVersion: '10' });
  });

  test('what we deleted is not taken for new when the watch is behind, its successor is', () => {
    const observed = new ObservedObjects({});
    observed.put(object({}));
    observed.bury(key, 'u1');
    expect(observed.has(key)).toBe(false);
    expect(observed.put(object({ resourceVersion: '6' }))).toBe(false);
    expect(observed.put(object({ uid: 'u2', resourceVersion: '8' }))).toBe(true);
    expect(observed.wasBuried(key, 'u1')).toBe(false);
    observed.bury(key, 'u2');
    expect(observed.wasBuried(key, 'u2')).toBe(true);
    expect(observed.wasBuried(key, 'u2')).toBe(false);
  });

  test('what a watch told to be gone does not come back by an older answer, but by what it became since', () => {
    const observed = new ObservedObjects({});
    observed.put(object({}));
    observed.bury(key, 'u1', '7');
    expect(observed.put(object({ resourceVersion: '6' }))).toBe(false);
    expect(observed.put(object({ resourceVersion: '7' }))).toBe(true);
    observed.bury(key, 'u1', '9');
    expect(observed.put(object({ uid: 'u2', resourceVersion: '8' }))).toBe(true);
  });

  test('ends are those that the objects name; a spoilt one has come', () => {
    const observed = new ObservedObjects({});
    const end = (text: string): Partial<ObjectMeta> => ({
      annotations: { 'ambit.dev/not-after': text },
    });
    observed.put(object({ ...end('2030-01-01T00:00:00.000Z') }));
    observed.put(object({ name: 'b', ...end('whenever') }));
    observed.put(object({ name: 'c' }));
    expect(observed.ended(1)).toEqual(['RoleBinding/n/b']);
    expect(observed.nextEnd(1)).toBe(Date.UTC(2030, 0));
    observed.remove(key);
    expect(observed.nextEnd(1)).toBeUndefined();
  });

  test('objects without our label are those that no watch tells of', () => {
    const observed = new ObservedObjects({});
    observed.put(object({}));
    expect([...observed.unwatched()]).toEqual([key]);
    const labels = { 'ambit.dev/managed-by': 'ambit' };
    observed.put(object({ labels, resourceVersion: '6' }));
    expect([...observed.unwatched()]).toEqual([]);
  });

  test('versions are compared as numbers where they are numbers', () => {
    expect(isNewer('10', '9')).toBe(true);
    expect(isNewer('9', '10')).toBe(false);
    expect(isNewer('99999999999999999999', '99999999999999999998')).toBe(true);
    expect(isNewer('b', 'a')).toBe(true);
    expect(isNewer('a', 'a')).toBe(false);
    expect(isNewer(undefined, '1')).toBe(true);
  });

  test('a key says kind, namespace and name, of cluster-scoped kinds too', () => {
    expect(splitKey(keyOf(object({})))).toEqual({ kind: 'RoleBinding', namespace: 'n', name: 'a' });
    expect(splitKey('ClusterRole//x')).toEqual({ kind: 'ClusterRole', name: 'x' });
  });
});
