import { describe, expect, test } from '@jest/globals';
import { checkPolicyDocument, parseApplyRequest } from './policy-documents.ts';

const base = { apiVersion: 'ambit.dev/v1' };
const user = (name: string, spec: unknown = {}) => ({
  ...base,
  kind: 'User',
  metadata: { name },
  spec,
});
const grant = (spec: Record<string, unknown>) => ({
  ...base,
  kind: 'Grant',
  metadata: { name: 'g' },
  spec: {
    subjects: [{ user: 'alice' }],
    role: 'view',
    scope: { clusters: { names: ['prod-eu'] }, clusterWide: true },
    ...spec,
  },
});

function problemsOf(value: unknown) {
  const checked = checkPolicyDocument(value);
  return checked.ok ? [] : checked.problems;
}

describe('a sound document', () => {
  test('gets its defaults', () => {
    expect(checkPolicyDocument({ ...base, kind: 'User', metadata: { name: 'alice' } })).toEqual({
      ok: true,
      object: {
        ...base,
        kind: 'User',
        metadata: { name: 'alice', labels: {}, annotations: {} },
        spec: { active: true },
      },
    });
  });

  test('may be what central printed, with status and what central sets', () => {
    const printed = {
      ...user('alice', { active: true }),
      metadata: {
        name: 'alice',
        labels: {},
        annotations: {},
        uid: '0192f0c1-0000-7000-8000-000000000001',
        resourceVersion: '418',
        generation: 2,
        creationTimestamp: '2026-01-01T00:00:00Z',
      },
      status: { groups: ['sre'], conditions: [] },
    };
    expect(problemsOf(printed)).toEqual([]);
  });
});

const role = (spec: Record<string, unknown>) => ({
  ...base,
  kind: 'Role',
  metadata: { name: 'r' },
  spec,
});

describe('names that Kubernetes judges', () => {
  test.each([
    'Admin_Thing',
    'a:b:c',
    'UPPER',
    'system:node-reader',
    'Роль',
    'a b',
    'x'.repeat(300),
  ])(
    'outside case 15: the ClusterRole %j is taken: the ceiling says whether it may be bound',
    (clusterRole) => {
      expect(problemsOf(role({ clusterRole }))).toEqual([]);
    },
  );

  test.each(['', '.', '..', 'a/b', 'a%2fb', 'view*', 'view\u200b', 'x'.repeat(1_025)])(
    'the ClusterRole %j is refused',
    (clusterRole) => {
      expect(problemsOf(role({ clusterRole }))).toEqual([
        expect.objectContaining({ pointer: '/spec/clusterRole' }),
      ]);
    },
  );

  test.each(['a..b/env', 'a-/env', '/env', 'env/', 'a/b/c', '-env'])(
    'the label key %j is refused, in metadata and in selectors',
    (key) => {
      const labelled = { ...user('alice'), metadata: { name: 'alice', labels: { [key]: 'x' } } };
      expect(problemsOf(labelled)).toHaveLength(1);
      const scope = { clusters: { matchLabels: { [key]: 'x' } }, clusterWide: true };
      expect(problemsOf(grant({ scope }))).toHaveLength(1);
    },
  );

  test('rules that multiply beyond what any cluster compares are refused at once', () => {
    const names = Array.from({ length: 250 }, (_, at) => `n${at}`);
    const rule = { apiGroups: ['', 'apps', 'batch'], resources: names, resourceNames: names };
    expect(problemsOf(role({ rules: [{ ...rule, verbs: ['get'] }] }))).toEqual([
      expect.objectContaining({
        pointer: '/spec/rules',
        message: expect.stringContaining('20000'),
      }),
    ]);
  });
});

describe('a faulty document', () => {
  test('an unknown field is named with the nearest known one', () => {
    const group = { ...base, kind: 'Group', metadata: { name: 'sre' }, spec: { membrs: ['a'] } };
    expect(problemsOf(group)).toEqual([
      { pointer: '/spec/membrs', message: 'unknown field spec.membrs', didYouMean: 'members' },
    ]);
  });

  test('an unknown field deep in a list has its whole pointer', () => {
    const role = {
      ...base,
      kind: 'Role',
      metadata: { name: 'r' },
      spec: { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'], resourceName: [] }] },
    };
    expect(problemsOf(role)[0]).toMatchObject({
      pointer: '/spec/rules/0/resourceName',
      didYouMean: 'resourceNames',
    });
  });

  test.each([
    ['Usr', { didYouMean: 'User' }],
    ['Review', { message: 'kind Review is not in this version' }],
    [undefined, { message: expect.stringContaining('kind is required') }],
    ['__proto__', { message: expect.stringContaining('unknown kind') }],
  ])('kind %p', (kind, expected) => {
    expect(problemsOf({ ...base, kind })).toEqual([expect.objectContaining(expected)]);
  });

  test.each([
    [user('a', { source: 'scim' }), 'spec.source is not in this version'],
    [
      { ...base, kind: 'Cluster', metadata: { name: 'c', managedBy: 'git' }, spec: {} },
      'metadata.managedBy is not in this version',
    ],
  ])('a field of a later version is told from an unknown one (%#)', (document, message) => {
    expect(problemsOf(document)).toEqual([expect.objectContaining({ message })]);
  });

  const owned = { clusters: { all: true }, namespaces: { owned: true } };

  test('teams are subjects, and what they own is a scope for teams alone', () => {
    expect(problemsOf(grant({ subjects: [{ team: 'pay' }] }))).toEqual([]);
    expect(problemsOf(grant({ subjects: [{ team: 'pay' }], scope: owned }))).toEqual([]);
    expect(
      problemsOf(grant({ subjects: [{ team: 'pay' }, { group: 'sre' }], scope: owned })),
    ).toEqual([expect.objectContaining({ pointer: '/spec/scope/namespaces/owned' })]);
    const both = { ...owned, namespaces: { owned: true, names: ['a'] } };
    expect(problemsOf(grant({ subjects: [{ team: 'pay' }], scope: both }))).toEqual([
      expect.objectContaining({ pointer: '/spec/scope/namespaces' }),
    ]);
  });

  test('every problem is told at once', () => {
    const many = { ...grant({ role: 'View', until: 'tomorrow', extra: 1 }), also: 2 };
    expect(problemsOf(many).map(({ pointer }) => pointer)).toEqual(
      expect.arrayContaining(['/spec/role', '/spec/until', '/spec/extra', '/also']),
    );
  });

  test.each([
    [{ clusters: {}, clusterWide: true }],
    [{ clusters: { names: [] }, clusterWide: true }],
    [{ clusters: { matchLabels: {} }, clusterWide: true }],
    [{ clusters: { matchExpressions: [] }, clusterWide: true }],
    [{ clusters: { all: false }, clusterWide: true }],
    [{ clusters: { all: true, names: ['a'] }, clusterWide: true }],
    [{ clusters: { all: true } }],
    [{ clusters: { all: true }, clusterWide: true, namespaces: { all: true } }],
    [{ clusters: { all: true }, namespaces: {} }],
    [{ clusters: { all: true }, namespaces: { matchLabels: {} } }],
    [{}],
  ])('a scope that says nothing, or two things, never means everything: %j', (scope) => {
    expect(problemsOf(grant({ scope }))).not.toEqual([]);
  });

  test.each(['escalate', 'bind', 'impersonate', '*', 'BIND'])(
    'the verb %s can be given by no role',
    (verb) => {
      const rules = [
        { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'], verbs: [verb] },
      ];
      const role = { ...base, kind: 'Role', metadata: { name: 'r' }, spec: { rules } };
      expect(problemsOf(role)).toEqual([
        expect.objectContaining({ pointer: '/spec/rules/0/verbs/0' }),
      ]);
    },
  );

  test('case b20: a rule without API groups is refused, because an empty one means the core', () => {
    const rules = [{ resources: ['deployments'], verbs: ['get'] }];
    const role = { ...base, kind: 'Role', metadata: { name: 'r' }, spec: { rules } };
    expect(problemsOf(role)).toEqual([
      expect.objectContaining({ pointer: '/spec/rules/0/apiGroups' }),
    ]);
  });

  test.each(['system:masters', 'system:', 'System:x', 'ｓystem:x', 'sys\u200btem:x'])(
    'case 28: the name %j is refused for every kind',
    (name) => {
      for (const kind of ['User', 'Group', 'Role', 'Grant', 'Cluster']) {
        const found = problemsOf({ ...base, kind, metadata: { name }, spec: {} });
        expect(found).toContainEqual(expect.objectContaining({ pointer: '/metadata/name' }));
      }
    },
  );

  test.each(['system:', 'system:serviceaccount:', 'SYSTEM:', 'ambit', ''])(
    'case b56: the user prefix %j, under which people would meet other subjects, is refused',
    (userPrefix) => {
      const spec = { subjects: { userPrefix } };
      const found = problemsOf({ ...base, kind: 'Cluster', metadata: { name: 'c' }, spec });
      expect(found).toEqual([expect.objectContaining({ pointer: '/spec/subjects/userPrefix' })]);
    },
  );

  test.each(['../users/bob', '..', 'a/b', 'a%2eb', 'a;b', 'a//b', '%2e%2e', 'a?b', 'a#b', 'a\\b'])(
    'case b36: a name like the path %j is refused',
    (name) => {
      for (const kind of ['User', 'Group', 'Cluster']) {
        expect(problemsOf({ ...base, kind, metadata: { name }, spec: {} })).toContainEqual(
          expect.objectContaining({ pointer: '/metadata/name' }),
        );
      }
    },
  );

  test('case b27: a name in capitals is refused with the one that was meant', () => {
    expect(problemsOf(user('Alice@Acme.io'))).toEqual([
      expect.objectContaining({ pointer: '/metadata/name', didYouMean: 'alice@acme.io' }),
    ]);
  });
});

describe('a set to apply', () => {
  test('is read with defaults', () => {
    const { objects } = parseApplyRequest({ objects: [user('alice'), user('bob')] });
    expect(objects.map(({ metadata }) => metadata.name)).toEqual(['alice', 'bob']);
  });

  test('tells the problems of every document with its number', () => {
    const body = { objects: [user('alice'), user('b', { x: 1 }), { kind: 'Nothing' }] };
    expect(() => parseApplyRequest(body)).toThrow(
      expect.objectContaining({
        code: 'invalid_policy',
        extras: {
          errors: [
            expect.objectContaining({ document: 1, pointer: '/spec/x' }),
            expect.objectContaining({ document: 2, pointer: '/kind' }),
          ],
        },
      }),
    );
  });

  test('refuses the same object twice, because the order of documents means nothing', () => {
    const body = { objects: [user('alice'), user('alice', { active: false })] };
    expect(() => parseApplyRequest(body)).toThrow(/stands here twice/);
  });

  test.each([
    undefined,
    null,
    [],
    'x',
    {},
    { objects: {} },
    { objects: [] },
    { objects: [user('a')], dryrun: 'All' },
  ])('refuses the envelope %j', (body) => {
    expect(() => parseApplyRequest(body)).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    );
  });
});
