import { expect, test } from '@jest/globals';
import type { BindingObject } from '@ambit/rbac';
import type { Inventory } from '../state/object-inventory.ts';
import { KnownObjects } from './known-objects.ts';
import { ObservedObjects } from './observed-objects.ts';

const key = 'RoleBinding/payments/ambit-view-abc';

function version(resourceVersion: string, uid = 'u1'): BindingObject {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'ambit-view-abc', namespace: 'payments', uid, resourceVersion },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [],
  };
}

function nothingKnown(): KnownObjects {
  const uids = new Map<string, string>();
  const inventory = {
    uid: (of: string) => uids.get(of),
    put: (of: string, uid: string) => void uids.set(of, uid),
    remove: (of: string) => void uids.delete(of),
  };
  return new KnownObjects(new ObservedObjects({}), inventory as unknown as Inventory);
}

test('what was made, and deleted by somebody before its answer came, is not believed to stand', () => {
  const known = nothingKnown();
  known.seen(version('5'));
  expect(known.gone(key, 'u1', '6')).toBe('gone');
  known.wrote(key, undefined, version('5'));
  expect(known.has(key)).toBe(false);
  known.wrote(key, undefined, version('7', 'u2'));
  expect(known.get(key)?.metadata.uid).toBe('u2');
});

test('what only lost its label is known again as soon as it is looked at, and as it was mended', () => {
  const known = nothingKnown();
  known.wrote(key, undefined, version('5'));
  expect(known.gone(key, 'u1', '6')).toBe('missing');
  known.found(key, version('6'), true);
  expect(known.get(key)?.metadata.resourceVersion).toBe('6');
  known.wrote(key, version('6'), version('7'));
  expect(known.get(key)?.metadata.resourceVersion).toBe('7');
});

test('whoever has taken the name of ours is no more ours than before', () => {
  const known = nothingKnown();
  known.wrote(key, undefined, version('5'));
  expect(known.gone(key, 'u1', '6')).toBe('missing');
  known.lost(key, version('7', 'stranger'));
  expect(known.inventory.uid(key)).toBeUndefined();
});
