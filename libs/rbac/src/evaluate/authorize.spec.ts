import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { BindingObject, PolicyRule, RbacObject, RbacSubject, RoleObject } from '../model.ts';
import { aggregateRules } from './aggregate-rules.ts';
import { allows } from './allows.ts';
import { authorize, rulesFor } from './authorize.ts';
import { covers } from './covers.ts';
import { rbacSource } from './rbac-source.ts';
import type { RequestAttributes, ResourceAttributes } from './request-attributes.ts';

const apiVersion = 'rbac.authorization.k8s.io/v1';
const apiGroup = 'rbac.authorization.k8s.io';
const getPods: ResourceAttributes = {
  type: 'resource',
  verb: 'get',
  apiGroup: '',
  resource: 'pods',
};
const readPods: PolicyRule = { apiGroups: [''], resources: ['pods'], verbs: ['get'] };
const readSecrets: PolicyRule = { apiGroups: [''], resources: ['secrets'], verbs: ['get'] };
const ann: RbacSubject = { kind: 'User', apiGroup, name: 'ann' };

function roleNamed(
  kind: 'ClusterRole' | 'Role',
  name: string,
  rules: readonly PolicyRule[] | null,
  more: { namespace?: string; labels?: Record<string, string>; aggregationRule?: unknown } = {},
): RoleObject {
  const { namespace, labels, aggregationRule } = more;
  const metadata = { name, ...(namespace && { namespace }), ...(labels && { labels }) };
  return {
    apiVersion,
    kind,
    metadata,
    rules,
    ...(aggregationRule !== undefined && { aggregationRule }),
  };
}

function bind(
  to: { kind: 'ClusterRole' | 'Role'; name: string },
  subject: RbacSubject,
  namespace?: string,
): BindingObject {
  return {
    apiVersion,
    kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
    metadata: { name: 'b', ...(namespace !== undefined && { namespace }) },
    roleRef: { apiGroup, ...to },
    subjects: [subject],
  };
}

function can(
  user: string,
  request: RequestAttributes,
  objects: RbacObject[],
  groups: string[] = [],
): boolean {
  return authorize({ name: user, groups }, request, rbacSource(objects)).allowed;
}

const inPayments = { ...getPods, namespace: 'payments' };

describe('authorize', () => {
  test('case 25: a Role and a ClusterRole of one name are not taken for each other', () => {
    const objects = [
      roleNamed('ClusterRole', 'reader', [readSecrets]),
      roleNamed('Role', 'reader', [readPods], { namespace: 'payments' }),
    ];
    const secrets = { ...inPayments, resource: 'secrets' };
    const toRole = [...objects, bind({ kind: 'Role', name: 'reader' }, ann, 'payments')];
    expect([can('ann', inPayments, toRole), can('ann', secrets, toRole)]).toEqual([true, false]);
    const toCluster = [...objects, bind({ kind: 'ClusterRole', name: 'reader' }, ann, 'payments')];
    expect([can('ann', inPayments, toCluster), can('ann', secrets, toCluster)]).toEqual([
      false,
      true,
    ]);
  });

  test('a ClusterRoleBinding to a Role gives nothing', () => {
    const objects = [
      roleNamed('Role', 'reader', [readPods], { namespace: 'payments' }),
      bind({ kind: 'Role', name: 'reader' }, ann),
    ];
    expect(can('ann', inPayments, objects)).toBe(false);
  });

  test('case b18: a RoleBinding gives nothing that is cluster-scoped, and no URL', () => {
    const nodes: PolicyRule = { apiGroups: [''], resources: ['nodes'], verbs: ['get'] };
    const urls: PolicyRule = { nonResourceURLs: ['/metrics'], verbs: ['get'] };
    const reader = roleNamed('ClusterRole', 'reader', [nodes, urls]);
    const objects = [reader, bind({ kind: 'ClusterRole', name: 'reader' }, ann, 'payments')];
    const getNodes: RequestAttributes = { ...getPods, resource: 'nodes' };
    const metrics: RequestAttributes = { type: 'url', verb: 'get', path: '/metrics' };
    expect([can('ann', getNodes, objects), can('ann', metrics, objects)]).toEqual([false, false]);
    const wide = [reader, bind({ kind: 'ClusterRole', name: 'reader' }, ann)];
    expect([can('ann', getNodes, wide), can('ann', metrics, wide)]).toEqual([true, true]);
  });

  test('case 33: a right on pods reaches none of their subresources', () => {
    const rules = [{ ...readPods, verbs: ['*'] }];
    for (const subresource of ['proxy', 'exec', 'log', 'ephemeralcontainers']) {
      expect(allows(rules, { ...getPods, subresource })).toBe(false);
    }
    const star = [{ ...readPods, resources: ['*/log'] }];
    expect(allows(star, { ...getPods, subresource: 'log' })).toBe(true);
    expect(allows(star, getPods)).toBe(false);
  });

  test('case 31: names that begin with each other are different subjects, roles and objects', () => {
    const objects = [
      roleNamed('ClusterRole', 'prod', [{ ...readPods, resourceNames: ['web'] }]),
      roleNamed('ClusterRole', 'prod-admins', [readSecrets]),
      bind(
        { kind: 'ClusterRole', name: 'prod' },
        { kind: 'Group', apiGroup, name: 'prod' },
        'payments',
      ),
    ];
    const named = { ...inPayments, name: 'web' };
    expect(can('x', named, objects, ['prod'])).toBe(true);
    expect(can('x', named, objects, ['prod-admins', 'pro'])).toBe(false);
    expect(can('x', { ...named, name: 'web-2' }, objects, ['prod'])).toBe(false);
    expect(can('x', { ...named, namespace: 'payments-2' }, objects, ['prod'])).toBe(false);
    expect(can('x', { ...named, resource: 'secrets' }, objects, ['prod'])).toBe(false);
  });

  test('a ServiceAccount subject without namespace takes the binding’s, and is nobody cluster-wide', () => {
    const reader = roleNamed('ClusterRole', 'reader', [readPods]);
    const robot: RbacSubject = { kind: 'ServiceAccount', name: 'ci' };
    const ref = { kind: 'ClusterRole', name: 'reader' } as const;
    const user = 'system:serviceaccount:payments:ci';
    expect(can(user, inPayments, [reader, bind(ref, robot, 'payments')])).toBe(true);
    expect(
      can(user, inPayments, [reader, bind(ref, { ...robot, namespace: 'web' }, 'payments')]),
    ).toBe(false);
    expect(can(user, inPayments, [reader, bind(ref, robot)])).toBe(false);
    const asUser: RbacSubject = { kind: 'User', apiGroup, name: user };
    expect(can(user, inPayments, [reader, bind(ref, asUser, 'payments')])).toBe(true);
  });

  test('it says why in the words of the API server', () => {
    const ref = { kind: 'ClusterRole', name: 'reader' } as const;
    const objects = [roleNamed('ClusterRole', 'reader', [readPods]), bind(ref, ann, 'payments')];
    expect(authorize({ name: 'ann' }, inPayments, rbacSource(objects)).reason).toBe(
      'RBAC: allowed by RoleBinding "b/payments" of ClusterRole "reader" to User "ann"',
    );
    const dangling = rbacSource([bind(ref, ann, 'payments')]);
    expect(authorize({ name: 'ann' }, inPayments, dangling)).toEqual({
      allowed: false,
      reason: 'RBAC: clusterrole.rbac.authorization.k8s.io "reader" not found',
    });
    expect(rulesFor({ name: 'ann' }, 'payments', rbacSource(objects))).toEqual([readPods]);
    expect(rulesFor({ name: 'ann' }, '', rbacSource(objects))).toEqual([]);
    const empty = rbacSource([
      roleNamed('ClusterRole', 'reader', null),
      bind(ref, ann, 'payments'),
    ]);
    expect(authorize({ name: 'ann' }, inPayments, empty).allowed).toBe(false);
  });
});

describe('covers', () => {
  const some = (values: string[]): fc.Arbitrary<string[]> => fc.subarray(values, { minLength: 1 });
  const plainRule = fc.record({
    apiGroups: some(['', 'apps']),
    resources: some(['pods', 'secrets', 'namespaces']),
    verbs: some(['get', 'create', 'delete']),
  });
  const plainRules = fc.array(plainRule, { maxLength: 3 });
  const wildRule = fc.record({
    apiGroups: some(['', 'apps', '*']),
    resources: some(['pods', 'pods/log', '*/log', '*']),
    resourceNames: fc.subarray(['a', 'b']),
    nonResourceURLs: fc.subarray(['/x', '/x/*', '/x*']),
    verbs: some(['get', '*']),
  });
  const request: fc.Arbitrary<RequestAttributes> = fc.oneof(
    fc.record({
      type: fc.constant('resource' as const),
      verb: fc.constantFrom('get', 'list'),
      apiGroup: fc.constantFrom('', 'apps'),
      resource: fc.constantFrom('pods', 'secrets'),
      subresource: fc.constantFrom('', 'log'),
      name: fc.constantFrom('', 'a', 'c'),
    }),
    fc.record({
      type: fc.constant('url' as const),
      verb: fc.constantFrom('get', 'list'),
      path: fc.constantFrom('/x', '/x/y', '/xy', '/'),
    }),
  );

  function atoms(rules: readonly PolicyRule[]): Set<string> {
    const rights = rules.flatMap(({ apiGroups = [], resources = [], verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => `${group}/${resource}/${verb}`)),
      ),
    );
    return new Set(rights);
  }

  test('case b16: it accepts exactly when every single right is held, over 100,000 pairs', () => {
    // Rules drawn once and paired at random: drawing each pair anew would take most of the time.
    const pool = fc.sample(plainRules, { numRuns: 400, seed: 1 });
    const pooled = pool.map((rules) => ({ rules, held: atoms(rules) }));
    let accepted = 0;
    for (let pair = 0; pair < 100_000; pair++) {
      const owner = pooled[(pair * 7919) % 400]!;
      const servant = pooled[Math.floor(pair / 250)]!;
      const subset = [...servant.held].every((atom) => owner.held.has(atom));
      if (covers(owner.rules, servant.rules).covered !== subset) {
        throw new Error(JSON.stringify([owner.rules, servant.rules]));
      }
      if (subset) accepted++;
    }
    expect(accepted).toBeGreaterThan(1_000);
  });

  test('what is covered allows nothing that the owner could not do', () => {
    fc.assert(
      fc.property(fc.array(wildRule), fc.array(wildRule), request, (owner, servant, attributes) => {
        if (!covers(owner, servant).covered || !allows(servant, attributes)) return;
        expect(allows(owner, attributes)).toBe(true);
      }),
      { numRuns: 1_500 },
    );
  });

  test('case b19: a right in one API group is none in another, nor in the core group', () => {
    fc.assert(
      fc.property(fc.constantFrom('apps', 'example.com', '*x', ' '), plainRule, (group, rule) => {
        const elsewhere = [{ ...rule, apiGroups: [group] }];
        for (const resource of rule.resources) {
          const core: RequestAttributes = { ...getPods, resource, verb: rule.verbs[0] ?? '' };
          expect(allows(elsewhere, core)).toBe(false);
        }
        expect(covers(elsewhere, [{ ...rule, apiGroups: [''] }]).covered).toBe(false);
      }),
    );
  });

  test('names on an owner’s URL rule stop it from covering URLs', () => {
    const url: PolicyRule = { nonResourceURLs: ['/x'], verbs: ['get'] };
    expect(covers([url], [url]).covered).toBe(true);
    expect(covers([{ ...url, resourceNames: ['a'] }], [url]).covered).toBe(false);
  });
});

describe('aggregateRules', () => {
  const label = (name: string): Record<string, string> => ({ [`aggregate-to-${name}`]: 'true' });
  const selecting = (...names: string[]): unknown => ({
    clusterRoleSelectors: names.map((name) => ({ matchLabels: label(name) })),
  });

  test('gathers by selector, then by name, each rule once, never its own', () => {
    const role = roleNamed('ClusterRole', 'edit', [], {
      labels: label('view'),
      aggregationRule: selecting('edit', 'view'),
    });
    const others = [
      role,
      roleNamed('ClusterRole', 'z', [readSecrets], { labels: label('edit') }),
      roleNamed('ClusterRole', 'b', [readPods], { labels: label('view') }),
      roleNamed('ClusterRole', 'a', [readSecrets, readPods], { labels: label('view') }),
      roleNamed('ClusterRole', 'n', null, { labels: label('view') }),
    ];
    expect(aggregateRules(role, others)).toEqual([readSecrets, readPods]);
  });

  test('leaves a role alone that does not aggregate, or not readably', () => {
    expect(aggregateRules(roleNamed('ClusterRole', 'x', [readPods]), [])).toBeUndefined();
    const broken = { clusterRoleSelectors: [{ matchExpressions: [{ key: 'a', operator: 'in' }] }] };
    const role = roleNamed('ClusterRole', 'x', [readPods], { aggregationRule: broken });
    expect(aggregateRules(role, [])).toBeUndefined();
  });
});
