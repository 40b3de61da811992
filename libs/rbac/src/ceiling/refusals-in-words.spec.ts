import { describe, expect, test } from '@jest/globals';
import { digests } from '../../test/digests.ts';
import { ceilingWith } from '../../test/worlds.ts';
import { maxRuleAtoms } from '../evaluate/covers.ts';
import type { PolicyRule } from '../model.ts';
import { ceilingDigest, ceilingToJson } from './ceiling-digest.ts';
import { checkRoleRules, roleRefusal, scopeRefusal } from './check-ceiling.ts';
import { parseCeiling, parseCeilingDocument } from './parse-ceiling.ts';
import { rbacNameProblem } from './rbac-name.ts';
import { foldsToSystem, subjectRefusal } from './subject-refusal.ts';

// What the owner of a cluster and the admin read is all they learn of a refusal, so each is read here to the letter.

const pods: PolicyRule = { apiGroups: [''], resources: ['pods'], verbs: ['get'] };
const told = (rules: readonly PolicyRule[], allowed: readonly PolicyRule[] = [pods]): string[] =>
  checkRoleRules(rules, ceilingWith({ customRoles: { rules: allowed } })).map(
    ({ message }) => message,
  );

describe('why the rules of a role are refused', () => {
  test('a cluster that takes none says which field would', () => {
    expect(told([pods], [])).toEqual([
      'this cluster takes no roles with rules of their own (customRoles.rules is empty)',
    ]);
    expect(told([pods])).toEqual([]);
  });

  test('what is not covered is named by verb, resource, group, name and URL', () => {
    const rules: PolicyRule[] = [
      { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get'] },
      { apiGroups: [''], resources: ['secrets'], resourceNames: ['a', 'b'], verbs: ['get'] },
      { nonResourceURLs: ['/metrics'], verbs: ['get'] },
    ];
    expect(told(rules)).toEqual([
      `this cluster's customRoles.rules do not cover "get" on deployments.apps`,
      `this cluster's customRoles.rules do not cover "get" on secrets named "a"`,
      `this cluster's customRoles.rules do not cover "get" on secrets named "b"`,
      `this cluster's customRoles.rules do not cover "get" on /metrics`,
    ]);
  });

  test('a malformed rule is told with its place, and URLs are none in a role for the whole cluster', () => {
    expect(told([pods, { apiGroups: [''], resources: [], verbs: ['get'] }])[0]).toMatch(
      /^\/rules\/1\/resources: .+/,
    );
    const urls: PolicyRule = { nonResourceURLs: ['/healthz'], verbs: ['get'] };
    expect(told([urls], [urls])).toEqual([]);
  });

  test('verbs above RBAC are named once each, whatever the owner allows', () => {
    const all: PolicyRule = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] };
    const rule = { ...pods, verbs: ['get', 'bind', 'bind', 'escalate'] };
    expect(told([rule], [all])).toEqual([
      'verb "bind" is never granted through Ambit',
      'verb "escalate" is never granted through Ambit',
    ]);
  });

  test('as many single permissions as are compared are taken, one more is not', () => {
    const sized = (count: number): PolicyRule => {
      const names = Array.from({ length: count }, (_, index) => `n${index}`);
      return { apiGroups: [''], resources: ['pods'], resourceNames: names, verbs: ['get'] };
    };
    expect(told([sized(maxRuleAtoms)])).toEqual([]);
    expect(told([sized(maxRuleAtoms + 1)])).toEqual([
      'the rules come to 20001 single permissions; at most 20000 are taken',
    ]);
  });
});

describe('why a binding is refused', () => {
  const ceiling = ceilingWith({
    allowedClusterRoles: ['view'],
    clusterScope: false,
    subjectPrefixes: ['ambit:', 'corp:'],
  });
  test('its role and its place are named', () => {
    expect(roleRefusal('view', ceiling)).toBeUndefined();
    expect(roleRefusal('edit', ceiling)?.message).toBe(
      `ClusterRole "edit" is not in this cluster's allowedClusterRoles`,
    );
    expect(scopeRefusal('payments', ceiling)).toBeUndefined();
    expect(scopeRefusal('kube-system', ceiling)?.message).toBe(
      'namespace "kube-system" is protected',
    );
    expect(scopeRefusal(undefined, ceiling)?.message).toBe(
      'this cluster takes no cluster-wide bindings (clusterScope is false)',
    );
    expect(subjectRefusal('eve', ceiling)?.message).toBe(
      'subject "eve" is refused: this cluster accepts only names that begin with "ambit:", "corp:"',
    );
  });

  test('a subject is told by what is wrong with it', () => {
    const words = (name: string): string | undefined => subjectRefusal(name, ceiling)?.message;
    expect(words('system:masters')).toBe(
      'subject "system:masters" is refused: names that begin with "system:" belong to Kubernetes',
    );
    expect(words('ambit:a\u200bb\u0000')).toBe(
      'subject "ambit:a\\u{200b}b\\u{0}" is refused: it holds control or invisible characters',
    );
    expect(words('ambit:ann')).toBeUndefined();
    expect(subjectRefusal('eve', ceilingWith({ subjectPrefixes: [] }))?.message).toBe(
      'subject "eve" is refused: this cluster accepts only names that begin with no subject',
    );
    expect(foldsToSystem('\u007fsystem:a')).toBe(true);
    expect(foldsToSystem(' system:a')).toBe(true);
    expect(foldsToSystem('system')).toBe(false);
  });
});

test('a name of a role or binding is told by what is wrong with it', () => {
  expect(rbacNameProblem('')).toBe('may not be empty');
  expect(rbacNameProblem('view*')).toBe('takes exact names; wildcards are not understood');
  expect(rbacNameProblem('vi\u200dew')).toBe('may hold no control or invisible characters');
  const noName =
    'is no name of a Kubernetes object: it may not be "." or "..", nor hold "/" or "%"';
  for (const name of ['.', '..', 'a/b', 'a%b']) expect(rbacNameProblem(name)).toBe(noName);
  expect(rbacNameProblem('system:aggregate-to-view')).toBeUndefined();
});

describe('what is wrong with a ceiling file', () => {
  const words = (spec: unknown): [string | undefined, string][] => {
    const parsed = parseCeiling(spec);
    if (parsed.ok) throw new Error('was read');
    return parsed.problems.map(({ pointer, message }) => [pointer, message]);
  };
  const fieldOf = (problems: [string | undefined, string][]): string[] =>
    problems.map(([pointer]) => pointer ?? '');

  test('is told with its place and in words', () => {
    expect(words({ clusterScope: 'false' })).toEqual([
      ['/clusterScope', 'must be true or false, without quotes'],
    ]);
    expect(words({ protectedNamespaces: ['Kube_System'] })).toEqual([
      [
        '/protectedNamespaces/0',
        'is no name of a namespace (lower-case letters, digits and "-", at most 63)',
      ],
    ]);
    expect(words({ subjectPrefixes: ['', 'System:x', 'sys', 'a\u0007'] })).toEqual([
      [
        '/subjectPrefixes/0',
        'may not be empty: it keeps our people apart from users the cluster already has',
      ],
      ['/subjectPrefixes/1', 'may not begin with "system:", which Kubernetes keeps for itself'],
      [
        '/subjectPrefixes/2',
        'is how "system:" begins, which Kubernetes keeps for itself: make it longer',
      ],
      ['/subjectPrefixes/3', 'may hold no control or invisible characters'],
    ]);
    expect(words({ removalGuard: { share: 2, moreThan: 0.5 } })).toEqual([
      ['/removalGuard/share', 'must be a number from 0 to 1'],
      ['/removalGuard/moreThan', 'must be a whole number from 0'],
    ]);
    expect(words({ removalGuard: { atLeast: 5 } })).toEqual([
      ['/removalGuard/atLeast', 'is called "moreThan" now, with the same number: rename it'],
    ]);
    expect(fieldOf(words({ breakGlass: ['a/b'] }))).toEqual(['/breakGlass/0']);
    expect(words({ credentials: ['TokenWebhook', 'tokenwebhook'] })).toEqual([
      ['/credentials/1', 'must be one of: TokenWebhook, ClientCertificate, ServiceAccountToken'],
    ]);
  });

  test('both ends of a range are within it, what is no number is not', () => {
    for (const share of [0, 1, 0.5])
      expect(parseCeiling({ removalGuard: { share, moreThan: 0 } })).toMatchObject({ ok: true });
    for (const share of [-0.1, 1.1, Number.NaN, Infinity, -Infinity, '0.5'])
      expect(fieldOf(words({ removalGuard: { share } }))).toEqual(['/removalGuard/share']);
    for (const moreThan of [-1, 0.5, 2 ** 53, Number.NaN])
      expect(fieldOf(words({ removalGuard: { moreThan } }))).toEqual(['/removalGuard/moreThan']);
  });

  test('custom roles without rules are none', () => {
    expect(parseCeiling({ customRoles: {} })).toEqual(parseCeiling({}));
    const parsed = parseCeiling({ customRoles: { rules: [pods] } });
    expect(parsed.ok && parsed.value.customRoles.rules).toMatchObject([pods]);
  });

  test('the document around it is judged with it', () => {
    const document = (value: unknown): string[] => {
      const parsed = parseCeilingDocument(value);
      return parsed.ok
        ? []
        : parsed.problems.map(({ pointer, message }) => `${pointer} ${message}`);
    };
    const whole = { apiVersion: 'ambit.dev/v1', kind: 'Ceiling', metadata: {}, spec: {} };
    expect(document(whole)).toEqual([]);
    expect(document({ spec: {} })).toEqual([]);
    expect(document({ ...whole, apiVersion: 'v1', kind: 'Role' })).toEqual([
      '/apiVersion must be "ambit.dev/v1"',
      '/kind must be "Ceiling"',
    ]);
    expect(document({ kind: 'Ceiling' })).toEqual(['/spec is missing']);
    expect(document({ kind: 'Role', spec: { clusterScope: 1 } })).toEqual([
      '/kind must be "Ceiling"',
      '/spec/clusterScope must be true or false, without quotes',
    ]);
    const read = parseCeilingDocument({ spec: { clusterScope: true } });
    expect(read.ok && read.value.clusterScope).toBe(true);
  });
});

test('the text of a ceiling names every field, in one order, without repetition, and reads back', () => {
  const ceiling = ceilingWith({
    allowedClusterRoles: ['view', 'edit', 'view'],
    customRoles: { rules: [pods] },
    clusterScope: true,
    protectedNamespaces: ['web', 'db', 'web'],
    subjectPrefixes: ['b:', 'a:'],
    removalGuard: { share: 0.5, moreThan: 7 },
    breakGlass: ['z', 'y'],
  });
  const rule = '{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}';
  expect(JSON.parse(ceilingToJson(ceiling))).toEqual({
    allowedClusterRoles: ['edit', 'view'],
    customRoles: { rules: [JSON.parse(rule)] },
    clusterScope: true,
    protectedNamespaces: ['db', 'web'],
    subjectPrefixes: ['a:', 'b:'],
    removalGuard: { share: 0.5, moreThan: 7 },
    breakGlass: ['y', 'z'],
  });
  const other = (change: Partial<typeof ceiling>): string =>
    ceilingDigest({ ...ceiling, ...change }, digests);
  const digest = ceilingDigest(ceiling, digests);
  expect(digest).toMatch(/^[0-9a-f]{64}$/);
  expect(other({ breakGlass: ['y', 'z', 'z'] })).toBe(digest);
  const webhook = { ...ceiling, credentials: ['TokenWebhook' as const] };
  expect(ceilingDigest(webhook, digests)).not.toBe(digest);
  expect(parseCeiling(JSON.parse(ceilingToJson(webhook)))).toMatchObject({
    ok: true,
    value: { credentials: ['TokenWebhook'] },
  });
  expect(other({ customRoles: { rules: [] } })).not.toBe(digest);
  expect(other({ removalGuard: { share: 0.5, moreThan: 8 } })).not.toBe(digest);
  expect(other({ removalGuard: { share: 0.4, moreThan: 7 } })).not.toBe(digest);
});
