import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { RbacObject } from '@ambit/rbac';
import { keyOf, splitKey } from './observed-objects.ts';
import { packObject, unpackObject } from './packed-object.ts';

const usual = { 'ambit.dev/managed-by': 'ambit', 'ambit.dev/cluster': 'c' };
const apiGroup = 'rbac.authorization.k8s.io';
const apiVersion = `${apiGroup}/v1` as const;

function repacked(object: RbacObject): RbacObject {
  return unpackObject(packObject(object, usual), splitKey(keyOf(object)), usual);
}

const labelsOf = fc.oneof(
  fc.constant(usual),
  fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }),
);
const metadataOf = fc.record(
  {
    name: fc.constantFrom('a', 'b:c', 'ä'),
    uid: fc.string(),
    resourceVersion: fc.nat().map(String),
    labels: labelsOf,
    annotations: fc.dictionary(
      fc.constantFrom('ambit.dev/identity', 'ambit.dev/intents', 'ambit.dev/not-after'),
      fc.string(),
      { noNullPrototype: true },
    ),
    finalizers: fc.array(fc.string()),
    deletionTimestamp: fc.string(),
  },
  { requiredKeys: ['name', 'annotations'] },
);
const subjectOf = fc.record(
  {
    kind: fc.constantFrom('User', 'Group', 'ServiceAccount'),
    apiGroup: fc.constantFrom(apiGroup, ''),
    namespace: fc.string(),
    name: fc.string(),
  },
  { requiredKeys: ['kind', 'name'] },
);
const roleRefOf = fc.record({
  apiGroup: fc.constantFrom(apiGroup, 'other'),
  kind: fc.constantFrom('ClusterRole', 'Role'),
  name: fc.string(),
});
const bindingOf = fc.record(
  {
    apiVersion: fc.constant(apiVersion),
    kind: fc.constant('ClusterRoleBinding'),
    metadata: metadataOf,
    roleRef: roleRefOf,
    subjects: fc.array(subjectOf),
  },
  { requiredKeys: ['apiVersion', 'kind', 'metadata', 'roleRef'] },
);

describe('objects as short texts', () => {
  test('whatever is compared comes back as it was', () => {
    fc.assert(
      fc.property(bindingOf, (binding) => {
        expect(repacked(binding as RbacObject)).toEqual(binding);
      }),
    );
  });

  test('roles keep their rules, and that they are an aggregate', () => {
    const head = {
      apiVersion,
      kind: 'ClusterRole',
      metadata: { name: 'r', annotations: {} },
    } as const;
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
    expect(repacked({ ...head, rules })).toEqual({ ...head, rules });
    expect(repacked({ ...head, rules: null })).toEqual({ ...head, rules: null });
    const aggregationRule = { clusterRoleSelectors: [{}] };
    expect(repacked({ ...head, rules, aggregationRule })).toEqual({
      ...head,
      rules,
      aggregationRule,
    });
  });

  test('annotations that are never compared are left out, and ten thousand usual objects fit into 3 MB', () => {
    const identity =
      '11:RoleBinding,8:payments,4:view,5:timed,36:0193b1c8-7e1f-7a53-9c1d-6a0f4f6f3c1e,0:,';
    const object: RbacObject = {
      apiVersion,
      kind: 'RoleBinding',
      metadata: {
        name: 'ambit-view-htwew7yidrq2',
        namespace: 'payments',
        uid: '285fb6bd-896c-4b01-86ed-dbc10c24859e',
        resourceVersion: '7490',
        labels: usual,
        annotations: { 'ambit.dev/identity': identity, 'ambit.dev/revision': '7', other: 'text' },
      },
      roleRef: { apiGroup, kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'User', apiGroup, name: 'ambit:ann@example.com' }],
    };
    expect(repacked(object).metadata.annotations).toEqual({ 'ambit.dev/identity': identity });
    expect(packObject(object, usual).length).toBeLessThan(300);
  });
});
