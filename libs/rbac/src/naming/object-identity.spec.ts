import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { digests } from '../../test/digests.ts';
import {
  identityText,
  isNamedByIdentity,
  objectName,
  parseIdentity,
  type ObjectIdentity,
} from './object-identity.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom('', 'view', 'view,4:role', '4:view', 'ambit-debug-abcdefghijkl', 'system:admin'),
);

const identity: fc.Arbitrary<ObjectIdentity> = fc.record({
  kind: fc.constantFrom('ClusterRole', 'ClusterRoleBinding', 'RoleBinding', 'Role'),
  namespace: text,
  role: text,
  class: fc.constantFrom(
    'role',
    'standing',
    'standing-groups',
    'standing-accounts',
    'timed',
    'timed-groups',
    'timed-accounts',
  ),
  uid: text,
  shard: fc.constantFrom('', '0', '1', '01'),
});

const view: ObjectIdentity = {
  kind: 'RoleBinding',
  namespace: 'payments',
  role: 'view',
  class: 'standing',
  uid: '',
  shard: '',
};

describe('identity of objects', () => {
  test('it is read back from its text, and from no other text', () => {
    fc.assert(
      fc.property(identity, text, (one, noise) => {
        expect(parseIdentity(identityText(one))).toEqual(one);
        expect(parseIdentity(`${identityText(one)}x`)).toBeUndefined();
        const read = parseIdentity(noise);
        if (read !== undefined) expect(identityText(read)).toBe(noise);
      }),
      { numRuns: 300 },
    );
  });

  test('different identities have different texts, however their parts are cut', () => {
    fc.assert(
      fc.property(identity, identity, (one, other) => {
        const same = JSON.stringify(one) === JSON.stringify(other);
        expect(identityText(one) === identityText(other)).toBe(same);
      }),
      { numRuns: 300 },
    );
    const cut = { ...view, namespace: 'a', role: 'bc' };
    expect(identityText(cut)).not.toBe(identityText({ ...view, namespace: 'ab', role: 'c' }));
  });

  test('case 56: names are DNS labels of at most 43 characters, whatever the role is called', () => {
    fc.assert(
      fc.property(identity, (one) => {
        expect(objectName(one, digests)).toMatch(
          /^ambit-[a-z0-9](?:[-a-z0-9]{0,22}[a-z0-9])?-[a-z2-7]{12}$/,
        );
      }),
      { numRuns: 300 },
    );
  });

  test('case 56: roles with one long beginning, odd scripts, colons and commas keep names apart', () => {
    const long = 'a'.repeat(253);
    const roles = [
      long,
      `${long.slice(1)}b`,
      'system:x',
      'system-x',
      'system,x',
      'роль',
      '役割',
      'A',
      'a',
    ];
    const names = roles.map((role) => objectName({ ...view, role }, digests));
    expect(new Set(names).size).toBe(roles.length);
    expect(objectName({ ...view, role: '役割' }, digests)).toMatch(/^ambit-role-/);
  });

  test('a role of ours lends its binding the slug that people know', () => {
    const name = objectName({ ...view, role: 'ambit-pod-reader-abcdefghij27' }, digests);
    expect(name).toMatch(/^ambit-pod-reader-[a-z2-7]{12}$/);
  });

  test('an object is proven by kind, namespace and name together', () => {
    const name = objectName(view, digests);
    const proof = identityText(view);
    const named = { kind: 'RoleBinding', namespace: 'payments', name };
    expect(isNamedByIdentity(named, proof, digests)).toBe(true);
    expect(isNamedByIdentity({ ...named, namespace: 'web' }, proof, digests)).toBe(false);
    expect(isNamedByIdentity({ ...named, kind: 'Role' }, proof, digests)).toBe(false);
    expect(isNamedByIdentity({ ...named, name: 'admins' }, proof, digests)).toBe(false);
    expect(isNamedByIdentity(named, 'no identity', digests)).toBe(false);
  });
});
