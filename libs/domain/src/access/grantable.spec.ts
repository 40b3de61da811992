import { describe, expect, test } from '@jest/globals';
import type { Ceiling, PolicyRule } from '@ambit/rbac';
import { defaultCeiling } from '@ambit/rbac';
import { createHash } from 'node:crypto';
import { Policy } from '../policy/policy.ts';
import { grantable } from './grantable.ts';

const rule = (verb: string): PolicyRule => ({
  apiGroups: [''],
  resources: ['pods'],
  verbs: [verb],
});
const digests = {
  sha256: (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest()),
};
const policy = Policy.load(
  1,
  [
    { kind: 'Role', uid: 'r1', name: 'view', clusterRole: 'view' },
    { kind: 'Role', uid: 'r2', name: 'edit', clusterRole: 'edit' },
    { kind: 'Role', uid: 'r3', name: 'admin', clusterRole: 'admin' },
    { kind: 'Role', uid: 'r4', name: 'own', rules: [rule('watch')] },
  ] as never,
  digests as never,
);
const clusterRoles = new Map([
  ['view', [rule('get')]],
  ['edit', [rule('get'), rule('delete')]],
]);

function ask(verb: string, namespace: string | undefined, ceiling: Partial<Ceiling> = {}) {
  const facts = { clusterRoles, namespaces: new Map(), ceiling: { ...defaultCeiling, ...ceiling } };
  const question = { clusterUid: 'c', verb, apiGroup: '', resource: 'pods' };
  const place = namespace === undefined ? {} : { namespace };
  return grantable({ policy, facts, question: { ...question, ...place } });
}

describe('whether a grant would help', () => {
  test('the roles that the ceiling allows and that do it, the smallest first', () => {
    expect(ask('get', 'pay')).toEqual({ possible: true, roles: ['view', 'edit'] });
    expect(ask('delete', 'pay')).toEqual({ possible: true, roles: ['edit'] });
  });

  test.each([
    ['a verb that nothing gives', 'create', 'pay'],
    ['a rule of ours where the ceiling takes none', 'watch', 'pay'],
    ['a protected namespace', 'get', 'kube-system'],
    ['the whole cluster where the ceiling takes nothing there', 'get', undefined],
  ])('%s: no', (_, verb, namespace) => {
    expect(ask(verb, namespace)).toMatchObject({ possible: false });
  });

  test('a role may be made where the ceiling takes its rules, or an allowed one is not known', () => {
    const customRoles = { rules: [rule('create')] };
    expect(ask('create', 'pay', { customRoles })).toEqual({ possible: true, roles: [] });
    const allowedClusterRoles = ['view', 'another'];
    expect(ask('create', 'pay', { allowedClusterRoles })).toEqual({ possible: true, roles: [] });
  });
});
