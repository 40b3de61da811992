import { expect, test } from '@jest/globals';
import type { ObjectKey, RbacObject } from '@ambit/rbac';
import type { LostWrite } from '../audit/read-announcements.ts';
import { fingerprint, hasHappened, isUntouched, recoveredEvent } from './announced-write.ts';

const key = 'RoleBinding/payments/ambit-view-abc' as ObjectKey;
const standing = (uid: string, version: string, ...names: string[]): RbacObject => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name: 'ambit-view-abc', namespace: 'payments', uid, resourceVersion: version },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
  subjects: names.map((name) => ({ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name })),
});
const before = standing('u1', '10', 'ann');
const over = { uid: 'u1', version: '10' };
const annAndBob = fingerprint(standing('', '', 'bob', 'ann')) ?? '';

const intended = { ...over, leaves: annAndBob };
test.each([
  ['create, and nothing stands', { operation: 'create' }, undefined, false],
  [
    'create, and one of its name stands',
    { operation: 'create' },
    standing('u1', '11', 'ann'),
    true,
  ],
  [
    'create, and one of ours stands that no watch showed',
    { operation: 'create', noted: 'u1' },
    standing('u1', '11', 'ann'),
    false,
  ],
  [
    'create, and another than the one that no watch showed stands',
    { operation: 'create', noted: 'u1' },
    standing('u2', '11', 'ann'),
    true,
  ],
  ['update, and what stood before stands', { operation: 'update', ...intended }, before, false],
  [
    'update, and what it leaves stands',
    { operation: 'update', ...intended },
    standing('u1', '11', 'ann', 'bob'),
    true,
  ],
  [
    'update, and what somebody else left stands',
    { operation: 'update', ...intended },
    standing('u1', '11', 'eve'),
    false,
  ],
  [
    'update, and another object stands',
    { operation: 'update', ...intended },
    standing('u2', '11', 'ann', 'bob'),
    false,
  ],
  ['update, and nothing stands', { operation: 'update', ...intended }, undefined, false],
  ['delete, and what stood before stands', { operation: 'delete', ...over }, before, false],
  [
    'delete, and what somebody else left stands',
    { operation: 'delete', ...over },
    standing('u1', '12', 'eve'),
    false,
  ],
  ['delete, and nothing stands', { operation: 'delete', ...over }, undefined, true],
  [
    'delete, and another object stands',
    { operation: 'delete', ...over },
    standing('u2', '12', 'ann'),
    true,
  ],
  ['recreate, and nothing stands', { operation: 'recreate', ...over }, undefined, true],
  [
    'recreate, and another object stands',
    { operation: 'recreate', ...over },
    standing('u2', '12', 'ann'),
    true,
  ],
  ['recreate, and what stood before stands', { operation: 'recreate', ...over }, before, false],
] as const)('a write without an answer: %s', (_, write, now, happened) => {
  expect(hasHappened(write, now)).toBe(happened);
});

test('an object that nobody touched proves that a write did not happen', () => {
  expect(isUntouched({ operation: 'update', ...over }, before)).toBe(true);
  expect(isUntouched({ operation: 'update', ...over }, standing('u1', '11', 'eve'))).toBe(false);
  expect(isUntouched({ operation: 'create' }, undefined)).toBe(false);
  expect(isUntouched({ operation: 'create', noted: 'u1' }, standing('u1', '11'))).toBe(true);
  expect(isUntouched({ operation: 'create', noted: 'u1' }, standing('u2', '11'))).toBe(false);
});

test('what is told late has the uid that the API server gave, and says what really happened', () => {
  const lost: LostWrite = {
    id: 'write-1',
    announcedAt: 0,
    key,
    operation: 'recreate',
    ...over,
    event: { type: 'binding.updated', message: 'it was updated', revision: 7, subjects: ['ann'] },
  };
  const same = { id: 'write-1', revision: 7, subjects: ['ann'] };
  const details = { recovered: true, announcedAt: '1970-01-01T00:00:00.000Z' };
  expect(recoveredEvent(lost, standing('u2', '12', 'ann'))).toMatchObject({
    ...same,
    type: 'binding.updated',
    object: { name: 'ambit-view-abc', uid: 'u2' },
    details,
  });
  expect(recoveredEvent(lost, undefined)).toMatchObject({
    ...same,
    type: 'binding.deleted',
    message: 'RoleBinding ambit-view-abc in payments was deleted',
    details,
  });
});
