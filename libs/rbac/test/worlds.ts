import * as fc from 'fast-check';
import {
  credentialWays,
  defaultCeiling,
  type BindingIntent,
  type Ceiling,
  type ClockBounds,
  type Intent,
  type IntentScope,
  type LabelSelector,
  type Mask,
  type NamespaceState,
  type RoleIntent,
  type SubjectMode,
} from '../src/index.ts';

/** Everything that what is wanted depends on. */
export interface World {
  readonly intents: ReadonlyMap<string, Intent>;
  readonly namespaces: ReadonlyMap<string, NamespaceState>;
  readonly ceiling: Ceiling;
  readonly clock: ClockBounds;
  readonly masks: readonly Mask[];
  readonly existingRoles: readonly string[] | undefined;
}

export const owner = { clusterUid: 'cluster-uid', installationUid: 'installation-uid' };

export const podReader = { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] };
export const secretReader = { apiGroups: [''], resources: ['secrets'], verbs: ['get'] };

export function ceilingWith(change: Partial<Ceiling> = {}): Ceiling {
  return { ...defaultCeiling, ...change };
}

export function binding(change: Partial<BindingIntent> & { key: string }): BindingIntent {
  return {
    section: 'BINDING',
    role: { type: 'existing', clusterRole: 'view' },
    scope: { type: 'namespaces', names: ['payments'] },
    shard: '',
    subjectKind: 'Users',
    subjects: ['ambit:ann'],
    grants: ['grant'],
    ...change,
  };
}

export function role(uid: string, rules: RoleIntent['rules'], name = `role-${uid}`): RoleIntent {
  return { section: 'ROLE', key: `ROLE/${uid}`, uid, name, rules };
}

export function deny(userUid: string, subject: string): Intent {
  return { section: 'DENY', key: `DENY/${userUid}`, userUid, subject };
}

export function namespace(
  name: string,
  labels: Record<string, string> = {},
  phase = 'Active',
): NamespaceState {
  return { name, labels, phase };
}

const users = ['ambit:ann', 'ambit:bob', 'ambit:cat', 'ambit:ann2', 'system:masters', 'other:eve'];
/** One that stands for a person, and one that anybody may have made. */
const accounts = ['ambit-ann-abcdefghijklmnop', 'default'];
const names = ['payments', 'payments-2', 'web', 'kube-system', 'gone'];
const moments = [10, 20, 30];

const selectorOf: fc.Arbitrary<LabelSelector> = fc.record({
  requirements: fc.array(
    fc.record({
      key: fc.constantFrom('team', 'env'),
      operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist'),
      values: fc.uniqueArray(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 2 }),
    }),
    { maxLength: 2 },
  ),
});

const scopeOf: fc.Arbitrary<IntentScope> = fc.oneof(
  fc.constant<IntentScope>({ type: 'clusterWide' }),
  fc
    .uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 3 })
    .map((list): IntentScope => ({ type: 'namespaces', names: list })),
  selectorOf.map((selector): IntentScope => ({ type: 'selector', selector })),
);

const roleOf = fc.oneof(
  fc
    .constantFrom('view', 'edit', 'cluster-admin')
    .map((clusterRole) => ({ type: 'existing', clusterRole }) as const),
  fc.constantFrom('r1', 'r2').map((roleUid) => ({ type: 'ours', roleUid }) as const),
);

const moment = fc.option(fc.constantFrom(...moments), { nil: undefined });

const bindingOf: fc.Arbitrary<Intent> = fc
  .record({
    index: fc.integer({ min: 0, max: 5 }),
    role: roleOf,
    scope: scopeOf,
    subjects: fc.uniqueArray(fc.constantFrom(...users, ...accounts), { maxLength: 4 }),
    subjectKind: fc.constantFrom(
      ...Array<SubjectMode>(8).fill('Users'),
      ...(['Groups', 'ServiceAccounts', 'ServiceAccounts'] as const),
    ),
    grantUid: fc.option(fc.constantFrom('g1', 'g2'), { nil: undefined }),
    notBefore: moment,
    notAfter: moment,
  })
  .map(({ index, role: reference, scope, subjects, subjectKind, grantUid, notBefore, notAfter }) =>
    binding({
      key: `BINDING/${index}`,
      role: reference,
      scope,
      subjects: subjects.sort(),
      subjectKind,
      grants: [`grant-${index}`],
      ...(grantUid !== undefined && { grantUid }),
      ...(notBefore !== undefined && { notBefore }),
      ...(notAfter !== undefined && { notAfter }),
    }),
  );

const roleIntentOf: fc.Arbitrary<Intent> = fc
  .record({
    uid: fc.constantFrom('r1', 'r2'),
    rules: fc.subarray([podReader, secretReader, { ...podReader, verbs: ['bind'] }]),
  })
  .map(({ uid, rules }) => role(uid, rules));

const denyOf: fc.Arbitrary<Intent> = fc
  .record({ uid: fc.constantFrom('d1', 'd2'), subject: fc.constantFrom(...users, ...accounts) })
  .map(({ uid, subject }) => deny(uid, subject));

export const intentOf = fc.oneof(
  { arbitrary: bindingOf, weight: 6 },
  { arbitrary: roleIntentOf, weight: 2 },
  { arbitrary: denyOf, weight: 1 },
);

export const keyOf = fc.constantFrom(
  ...[0, 1, 2, 3, 4, 5].map((index) => `BINDING/${index}`),
  'ROLE/r1',
  'ROLE/r2',
  'DENY/d1',
  'DENY/d2',
);

export const namespaceName = fc.constantFrom(...names);

export const namespaceOf: fc.Arbitrary<NamespaceState> = fc.record({
  name: namespaceName,
  labels: fc.dictionary(fc.constantFrom('team', 'env'), fc.constantFrom('a', 'b'), { maxKeys: 2 }),
  phase: fc.constantFrom('Active', 'Active', 'Terminating'),
});

export const ceilingOf: fc.Arbitrary<Ceiling> = fc
  .record({
    allowedClusterRoles: fc.subarray(['view', 'edit', 'cluster-admin']),
    rules: fc.subarray([podReader, secretReader]),
    clusterScope: fc.boolean(),
    protectedNamespaces: fc.subarray(['kube-system', 'web']),
    subjectPrefixes: fc.constantFrom(['ambit:'], ['ambit:', 'other:'], ['nobody:']),
    credentials: fc.subarray([...credentialWays]),
  })
  .map(({ rules, ...rest }) => ceilingWith({ ...rest, customRoles: { rules } }));

export const clockOf: fc.Arbitrary<ClockBounds> = fc
  .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 5 }))
  .map(([low, spread]) => ({ low, high: low + spread }));

export const masksOf: fc.Arbitrary<Mask[]> = fc.array(
  fc.record({
    key: fc.constantFrom('', 'BINDING/0', 'BINDING/1'),
    subject: fc.constantFrom('', 'ambit:ann', 'ambit:bob'),
  }),
  { maxLength: 2 },
);

export const existingRolesOf = fc.option(fc.subarray(['view', 'edit', 'cluster-admin']), {
  nil: undefined,
});
