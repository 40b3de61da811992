import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { digests } from '../../test/digests.ts';
import { ceilingWith, podReader, secretReader } from '../../test/worlds.ts';
import type { PolicyRule } from '../model.ts';
import { accountName } from '../naming/access-account.ts';
import { defaultCeiling, withProtected, type Ceiling } from './ceiling.ts';
import { ceilingDigest, ceilingToJson } from './ceiling-digest.ts';
import { checkRoleRules, roleRefusal, scopeRefusal } from './check-ceiling.ts';
import { parseCeiling, parseCeilingDocument } from './parse-ceiling.ts';
import { subjectRefusal } from './subject-refusal.ts';

function problemsOf(spec: unknown): [string | undefined, string | undefined][] {
  const parsed = parseCeiling(spec, '/spec');
  if (parsed.ok) throw new Error('was read');
  return parsed.problems.map(({ pointer, didYouMean }) => [pointer, didYouMean]);
}

describe('reading a ceiling', () => {
  test('what is left out takes its default', () => {
    expect(parseCeiling({})).toEqual({ ok: true, value: defaultCeiling });
    expect(parseCeiling({ clusterScope: true, removalGuard: { share: 0.5 } })).toEqual({
      ok: true,
      value: { ...defaultCeiling, clusterScope: true, removalGuard: { share: 0.5, moreThan: 20 } },
    });
  });

  test('every problem is told at once, with its place and what was meant', () => {
    const spec = {
      allowedClusterRole: ['view'],
      allowedClusterRoles: ['view', 'a/b', '*', 7],
      customRoles: { rules: [{ verbs: ['*'], resource: ['pods'] }] },
      clusterScope: 'false',
      protectedNamespaces: ['Kube_System'],
      subjectPrefixes: ['', ' System:', 'ambit:'],
      removalGuard: { share: 30, moreThan: -1 },
      breakGlass: 'admins',
    };
    expect(problemsOf(spec)).toEqual([
      ['/spec/allowedClusterRole', 'allowedClusterRoles'],
      ['/spec/allowedClusterRoles/3', undefined],
      ['/spec/allowedClusterRoles/1', undefined],
      ['/spec/allowedClusterRoles/2', undefined],
      ['/spec/customRoles/rules/0/resource', 'resources'],
      ['/spec/customRoles/rules/0/apiGroups', undefined],
      ['/spec/customRoles/rules/0/resources', undefined],
      ['/spec/customRoles/rules/0/verbs/0', undefined],
      ['/spec/clusterScope', undefined],
      ['/spec/protectedNamespaces/0', undefined],
      ['/spec/subjectPrefixes/0', undefined],
      ['/spec/subjectPrefixes/1', undefined],
      ['/spec/removalGuard/share', undefined],
      ['/spec/removalGuard/moreThan', undefined],
      ['/spec/breakGlass', undefined],
    ]);
    for (const value of [undefined, null, [], 'x', 1]) expect(parseCeiling(value).ok).toBe(false);
  });

  test('namespaces that the owner protects add to those that always are', () => {
    const parsed = parseCeiling({ protectedNamespaces: ['web', 'kube-system'] });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const { protectedNamespaces } = parsed.value;
    expect(protectedNamespaces).toEqual([...defaultCeiling.protectedNamespaces, 'web']);
    const own = withProtected(parsed.value, ['ambit', 'web']).protectedNamespaces;
    expect(own).toEqual([...protectedNamespaces, 'ambit']);
    expect(parseCeiling({ protectedNamespaces: [] })).toEqual({ ok: true, value: defaultCeiling });
  });

  test('the guard under its old name is refused with the new one', () => {
    const parsed = parseCeiling({ removalGuard: { share: 0.5, atLeast: 7 } }, '/spec');
    if (parsed.ok) throw new Error('was read');
    expect(parsed.problems).toEqual([
      { pointer: '/spec/removalGuard/atLeast', message: expect.stringContaining('"moreThan"') },
    ]);
  });

  test('prefixes that a name of Kubernetes could begin with, and invisible characters, are refused', () => {
    const prefixes = [
      's',
      'sys',
      ' ',
      'ſ',
      'Ｓyst',
      'system',
      '\u200b',
      'ambit\u202e:',
      'a\n',
      'sys-',
      'S-',
    ];
    expect(problemsOf({ subjectPrefixes: prefixes }).map(([pointer]) => pointer)).toEqual(
      [0, 1, 2, 3, 4, 5, 6, 7, 8].map((index) => `/spec/subjectPrefixes/${index}`),
    );
    expect(problemsOf({ allowedClusterRoles: ['view\u0000'] })).toHaveLength(1);
  });

  test.each(['apiGroups', 'resources', 'resourceNames', 'verbs', 'nonResourceURLs'])(
    'what nobody sees is in no rule, so that none is printed: %s',
    (field) => {
      const seen =
        field === 'nonResourceURLs'
          ? { nonResourceURLs: ['/a'], verbs: ['get'] }
          : { apiGroups: [''], resources: ['pods'], resourceNames: ['a'], verbs: ['get'] };
      expect(parseCeiling({ customRoles: { rules: [seen] } }, '/spec').ok).toBe(true);
      const unseen = ['/a\u001b]0;x\u0007', '/a\u202eb', '/\u200b', '/\u2028'];
      expect(
        problemsOf({ customRoles: { rules: [{ ...seen, [field]: unseen }] } }).map(([at]) => at),
      ).toEqual(unseen.map((_, index) => `/spec/customRoles/rules/0/${field}/${index}`));
    },
  );

  test('a document may name its kind, and may not be another', () => {
    expect(parseCeilingDocument({ spec: {} }).ok).toBe(true);
    const whole = {
      apiVersion: 'ambit.dev/v1',
      kind: 'Ceiling',
      metadata: { name: 'x' },
      spec: {},
    };
    expect(parseCeilingDocument(whole).ok).toBe(true);
    const parsed = parseCeilingDocument({ kind: 'Role', spce: { clusterScope: 1 } });
    if (parsed.ok) throw new Error('was read');
    expect(parsed.problems.map(({ pointer }) => pointer)).toEqual(['/spce', '/kind', '/spec']);
  });

  test('its JSON reads back, and its digest tells only real differences', () => {
    const ceiling = ceilingWith({
      allowedClusterRoles: ['view', 'edit', 'view'],
      customRoles: { rules: [{ ...podReader, verbs: ['list', 'get'] }, secretReader] },
    });
    const again = parseCeiling(JSON.parse(ceilingToJson(ceiling)));
    if (!again.ok) throw new Error(JSON.stringify(again.problems));
    expect(ceilingToJson(again.value)).toBe(ceilingToJson(ceiling));
    expect(ceilingDigest(again.value, digests)).toBe(ceilingDigest(ceiling, digests));
    expect(ceilingDigest(ceiling, digests)).toMatch(/^[0-9a-f]{64}$/);
    const wider = { ...ceiling, clusterScope: true };
    expect(ceilingDigest(wider, digests)).not.toBe(ceilingDigest(ceiling, digests));
  });
});

describe('roles', () => {
  test('case b27: only the exact name of a listed role passes, in no other case, spacing or script', () => {
    const ceiling = ceilingWith();
    const variants = [
      'View',
      ' view',
      'view ',
      'vіew',
      'ｖｉｅｗ',
      'view\u200b',
      'VIEW',
      'view\n',
      'vi\u00adew',
      '',
    ];
    expect(roleRefusal('view', ceiling)).toBeUndefined();
    for (const name of variants)
      expect(roleRefusal(name, ceiling)?.reason).toBe('role_not_allowed');
  });

  test('cluster-admin and system: roles pass only when the owner wrote exactly that name', () => {
    for (const name of ['cluster-admin', 'system:masters', 'system:node']) {
      expect(roleRefusal(name, ceilingWith())?.reason).toBe('role_not_allowed');
      expect(roleRefusal(name, ceilingWith({ allowedClusterRoles: [name] }))).toBeUndefined();
    }
  });

  test('case b26: stars, commas and slashes in a name are letters of a name, not patterns', () => {
    const ceiling = ceilingWith({ allowedClusterRoles: ['view', 'team-*', 'a,b'] });
    const wide = ['*', 'team-x', 'vie*', 'view,edit', 'a', 'b', 'view/', '+', 'team-', '.*'];
    for (const name of wide) expect(roleRefusal(name, ceiling)?.reason).toBe('role_not_allowed');
    const rules = { rules: [{ ...podReader, resourceNames: ['web'] }] };
    for (const name of ['*', 'we*', 'web,db', '']) {
      const refusals = checkRoleRules(
        [{ ...podReader, resourceNames: [name] }],
        ceilingWith({ customRoles: rules }),
      );
      expect(refusals.map(({ reason }) => reason)).toEqual([
        'rule_not_covered',
        'rule_not_covered',
      ]);
    }
  });

  test('case b15: a role that is external, renamed, missing or without rules is judged by what it is or refused', () => {
    const ceiling = ceilingWith({ customRoles: { rules: [podReader] } });
    const existing = (name: string) => roleRefusal(name, ceiling)?.reason;
    const ours = (...rules: PolicyRule[]) =>
      checkRoleRules(rules, ceiling).map(({ reason }) => reason);
    expect(existing('view')).toBeUndefined();
    expect(existing('external')).toBe('role_not_allowed');
    expect(existing('view-renamed')).toBe('role_not_allowed');
    expect(ours(podReader)).toEqual([]);
    expect(ours(podReader, secretReader)).toEqual(['rule_not_covered']);
  });

  test.each(['bind', 'escalate', 'impersonate', 'impersonate:user-info', '*'])(
    'verb %s is never granted, even where the owner’s rules would cover it',
    (verb) => {
      const everything = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] };
      const ceiling = ceilingWith({ customRoles: { rules: [everything] } });
      const refusals = checkRoleRules([{ ...podReader, verbs: ['get', verb] }], ceiling);
      expect(refusals.map(({ reason }) => reason)).toEqual(['verb_forbidden']);
    },
  );

  test('rules the API server would not take are refused before they count as covered by nothing', () => {
    const ceiling = ceilingWith({ customRoles: { rules: [podReader] } });
    const malformed: PolicyRule[] = [
      { apiGroups: [''], resources: ['pods'], verbs: [] },
      { resources: ['secrets'], verbs: ['get'] },
      { apiGroups: [''], verbs: ['get'] },
      { apiGroups: [''], resources: ['pods'], nonResourceURLs: ['/x'], verbs: ['get'] },
    ];
    for (const rule of malformed) {
      expect(checkRoleRules([rule], ceiling).map(({ reason }) => reason)).toContain(
        'rule_malformed',
      );
    }
  });

  test('short lists that multiply to billions are refused at once', () => {
    const list = Array.from({ length: 3_000 }, (_, index) => `x${index}`);
    const ceiling = ceilingWith({ customRoles: { rules: [podReader] } });
    const bomb = { apiGroups: list, resources: list, verbs: list };
    expect(checkRoleRules([bomb], ceiling)).toMatchObject([{ reason: 'rule_malformed' }]);
  });
});

describe('ServiceAccounts of people', () => {
  const account = accountName('ambit:ann', 'uid-1', digests);
  const open = ceilingWith({ credentials: ['ServiceAccountToken'] });
  const reason = (name: string, ceiling: Ceiling): string | undefined =>
    subjectRefusal(name, ceiling, 'ServiceAccounts')?.reason;

  test('are bound only where credentials names their way, and only by the names they have', () => {
    expect(reason(account, open)).toBeUndefined();
    expect(reason(account, ceilingWith({ credentials: ['TokenWebhook'] }))).toBe('subject_account');
    for (const name of ['default', 'ambit-agent', 'ambit:ann', 'system:masters', '', 'a\n']) {
      expect([name, reason(name, open)]).toEqual([name, 'subject_account']);
    }
  });

  test('are no users: their names begin with no prefix', () => {
    expect(subjectRefusal(account, open)?.reason).toBe('subject_prefix');
  });

  test('live where nothing is bound: whoever may edit there is any of them', () => {
    expect(withProtected(open, []).protectedNamespaces).toContain('ambit-access');
    expect(withProtected(ceilingWith(), []).protectedNamespaces).not.toContain('ambit-access');
    const parsed = parseCeiling({ credentials: ['ServiceAccountToken'] });
    expect(parsed.ok && parsed.value.protectedNamespaces).toContain('ambit-access');
  });
});

describe('subjects', () => {
  test('case 28: no subject that begins with system: passes, however it is dressed', () => {
    const hostile = [
      'system:masters',
      'system:serviceaccount:kube-system:default',
      'System:masters',
      ' system:masters',
      '\u200bsystem:masters',
      'ｓｙｓｔｅｍ：masters',
      'ſystem:masters',
      's\u0301ystem:masters',
      'system\u00ad:masters',
    ];
    const open = ceilingWith({ subjectPrefixes: ['ambit:', 's', 'S', ' ', '\u200b', 'ſ', 'ｓ'] });
    for (const name of hostile) {
      expect(subjectRefusal(name, ceilingWith())).toBeDefined();
      expect(subjectRefusal(name, open)?.reason).toBe('subject_reserved');
    }
  });

  test('case b56: whatever central calls a user, it is no user, node or ServiceAccount the cluster has', () => {
    const existing = [
      'kubernetes-admin',
      'system:node:a',
      'system:serviceaccount:web:ci',
      'ann',
      '',
    ];
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(...existing), fc.string()), (name) => {
        const accepted = subjectRefusal(name, ceilingWith()) === undefined;
        expect(accepted).toBe(name.startsWith('ambit:') && name.length > 'ambit:'.length);
        if (accepted) expect(existing).not.toContain(name);
      }),
      { numRuns: 1_000 },
    );
  });

  test('a prefix is compared byte for byte, and alone is nobody', () => {
    expect(subjectRefusal('ambit:ann', ceilingWith())).toBeUndefined();
    expect(subjectRefusal('ambit:service:deploy', ceilingWith())).toBeUndefined();
    for (const name of ['ambit:', 'Ambit:ann', 'ambit', 'xambit:ann', 'ambit ann']) {
      expect(subjectRefusal(name, ceilingWith())?.reason).toBe('subject_prefix');
    }
    expect(subjectRefusal('ambit:ann', ceilingWith({ subjectPrefixes: [] }))).toBeDefined();
    // A ceiling that was not read by `parseCeiling` gains nothing from an empty prefix.
    expect(subjectRefusal('ann', ceilingWith({ subjectPrefixes: [''] }))).toBeDefined();
  });

  test('names with control or invisible characters are refused, others of any script are not', () => {
    for (const code of [
      0, 7, 10, 13, 27, 0x7f, 0x85, 0xad, 0x200b, 0x202e, 0x2028, 0xfeff, 0xd800,
    ]) {
      const name = `ambit:ann${String.fromCharCode(code)}`;
      expect([code, subjectRefusal(name, ceilingWith())?.reason]).toEqual([
        code,
        'subject_characters',
      ]);
      expect(subjectRefusal(name, ceilingWith())?.message).not.toMatch(/\p{Cc}/u);
    }
    for (const name of ['ambit:Zoë', 'ambit:李', 'ambit:a b', 'ambit:👩']) {
      expect(subjectRefusal(name, ceilingWith())).toBeUndefined();
    }
  });
});

describe('scope', () => {
  test.each([
    ['a namespace', {}, 'web', undefined],
    ['a protected namespace', {}, 'kube-system', 'namespace_protected'],
    ['the whole cluster', {}, undefined, 'cluster_scope_off'],
    ['the whole cluster, allowed', { clusterScope: true }, undefined, undefined],
  ] as const)('case b17: a role bound in %s', (_, change, namespace, reason) => {
    expect(scopeRefusal(namespace, ceilingWith(change))?.reason).toBe(reason);
  });
});
