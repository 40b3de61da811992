import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkPolicyDocument } from '@ambit/contracts';
import type { UnmanagedBindingItem } from '@ambit/contracts';
import { proposePolicy, type ImportSource } from './propose-policy.ts';

const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
const binding = (more: Partial<UnmanagedBindingItem>): UnmanagedBindingItem => ({
  kind: 'RoleBinding',
  namespace: 'shop',
  name: 'old',
  role: { kind: 'ClusterRole', name: 'view', exists: true },
  subjects: [{ kind: 'User', name: 'ann' }],
  fieldManagers: [],
  system: false,
  ...more,
});
const view = { metadata: { name: 'view' }, spec: { clusterRole: 'view' } };
const propose = (bindings: UnmanagedBindingItem[], more: Partial<ImportSource> = {}) =>
  proposePolicy({
    cluster: 'prod',
    userPrefix: 'ambit:',
    bindings,
    roles: [view],
    grants: [],
    ...more,
  });
const ofKind = ({ objects }: ReturnType<typeof propose>, kind: string) =>
  objects.filter((each) => each.kind === kind);

describe('what is proposed', () => {
  test('one grant for the same role and subjects in several namespaces, with the role that is there', () => {
    const found = propose([
      binding({}),
      binding({ namespace: 'lab', name: 'other' }),
      binding({ namespace: 'lab', subjects: [{ kind: 'User', name: 'bob' }] }),
    ]);
    expect(ofKind(found, 'Role')).toEqual([]);
    expect(ofKind(found, 'Grant').map(({ spec }) => spec)).toMatchObject([
      {
        subjects: [{ user: 'ann' }],
        role: 'view',
        scope: { clusters: { names: ['prod'] }, namespaces: { names: ['lab', 'shop'] } },
      },
      { subjects: [{ user: 'bob' }], scope: { namespaces: { names: ['lab'] } } },
    ]);
  });

  test('a Role with its rules, a ClusterRole by its name, a cluster-wide grant for a ClusterRoleBinding', () => {
    const found = propose([
      binding({ role: { kind: 'Role', name: 'reader', exists: true, rules } }),
      binding({
        kind: 'ClusterRoleBinding',
        namespace: undefined,
        name: 'wide',
        role: { kind: 'ClusterRole', name: 'system:auth-delegator', exists: true },
      }),
    ]);
    expect(ofKind(found, 'Role')).toMatchObject([
      { metadata: { name: 'shop-reader' }, spec: { rules } },
      {
        metadata: { name: 'system-auth-delegator' },
        spec: { clusterRole: 'system:auth-delegator' },
      },
    ]);
    expect(ofKind(found, 'Grant')[1]?.spec).toMatchObject({
      scope: { clusters: { names: ['prod'] }, clusterWide: true },
    });
  });

  test('two names that fold to one stay two people; a name under our prefix is the one that is ours', () => {
    const found = propose([
      binding({
        subjects: ['Ann', 'ann', 'ambit:ann'].map((name) => ({ kind: 'User' as const, name })),
      }),
    ]);
    expect(ofKind(found, 'User').map(({ metadata }) => metadata.name)).toEqual([
      'ann',
      'ann-2',
      'ann-3',
    ]);
    expect(found.notes).toEqual(
      expect.arrayContaining([
        'User "ann" becomes user/ann-2: check that nobody else has that name.',
        'User "Ann" becomes user/ann-3: check that nobody else has that name.',
      ]),
    );
  });

  test('what it cannot say is a note that says why, and never half a grant', () => {
    const found = propose(
      [
        binding({ name: 'gone', role: { kind: 'Role', name: 'x', exists: false } }),
        binding({ name: 'kept', namespace: 'kube-system' }),
        binding({ name: 'robot', subjects: [{ kind: 'ServiceAccount', name: 'ci' }] }),
        binding({ name: 'nodes', subjects: [{ kind: 'Group', name: 'system:nodes' }] }),
        binding({ name: 'untold', role: { kind: 'Role', name: 'huge', exists: true } }),
        binding({ name: 'own', system: true }),
      ],
      {
        ceiling: {
          digest: '',
          allowedClusterRoles: [],
          customRoles: { rules: [] },
          clusterScope: false,
          protectedNamespaces: ['kube-system'],
          subjectPrefixes: [],
          removalGuard: { share: 0.3, moreThan: 20 },
          breakGlass: [],
        },
      },
    );
    expect(ofKind(found, 'Grant')).toEqual([]);
    expect(found.notes).toEqual([
      'RoleBinding/shop/gone is left out: it gives nothing, there is no Role x.',
      'RoleBinding/kube-system/kept is left out: the ceiling of the cluster protects namespace kube-system.',
      'RoleBinding/shop/robot: serviceaccount shop/ci belongs to the cluster and stays bound there.',
      'RoleBinding/shop/nodes: Group system:nodes belongs to Kubernetes.',
      'Role shop/huge cannot be a role: its rules were not told.',
      'RoleBinding/shop/untold is left out: the policy cannot say what Role/shop/huge gives.',
    ]);
  });

  test('what was applied before is not proposed again; another grant under that name gets another name', () => {
    const [first] = ofKind(propose([binding({})]), 'Grant');
    const grants = first === undefined ? [] : [first];
    const again = propose([binding({})], { grants });
    expect(ofKind(again, 'Grant')).toEqual([]);
    expect(again.notes).toContain('grant/prod-old is there already, and gives the same.');
    const other = propose([binding({ subjects: [{ kind: 'User', name: 'bob' }] })], { grants });
    expect(ofKind(other, 'Grant').map(({ metadata }) => metadata.name)).toEqual(['prod-old-2']);
  });

  test('every proposed object is one that central takes, whatever the cluster calls its things', () => {
    const text = fc.oneof(
      fc.constantFrom('ambit:x', 'ambit:', 'ambit:service:y', 'Ünï', 'a/b', '-', '', 'unnamed'),
      fc.string({ unit: 'binary', maxLength: 300 }),
    );
    const subject = fc.record({
      kind: fc.constantFrom('User' as const, 'Group' as const, 'ServiceAccount' as const),
      name: text,
    });
    const item = fc.record({
      kind: fc.constant('RoleBinding' as const),
      namespace: fc.constantFrom('shop', 'lab'),
      name: text,
      role: fc.record({
        kind: fc.constantFrom('Role' as const, 'ClusterRole' as const),
        name: text,
        exists: fc.constant(true),
        rules: fc.constantFrom(rules, [], [{ verbs: [] }], [{ ...rules[0], verbs: ['*'] }]),
      }),
      subjects: fc.array(subject, { maxLength: 4 }),
      fieldManagers: fc.constant([]),
      system: fc.constant(false),
    });
    fc.assert(
      fc.property(fc.array(item, { maxLength: 8 }), (bindings) => {
        const { objects } = propose(bindings as unknown as UnmanagedBindingItem[]);
        const names = objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
        expect(new Set(names).size).toBe(names.length);
        for (const object of objects)
          expect(checkPolicyDocument(object)).toMatchObject({ ok: true });
      }),
      { numRuns: 40 },
    );
  });
});
