import { describe, expect, test } from '@jest/globals';
import type { ClaimRuleWrite } from '@ambit/contracts';
import { checkName } from '@ambit/domain';
import { isAppError } from '@ambit/kernel';
import fc from 'fast-check';
import { groupNames, mappedGroups } from './claims-mapping.ts';
import type { GroupRules, MappedGroups } from './claims-mapping.ts';

const byValue: readonly ClaimRuleWrite[] = [
  { value: '/platform/admins', group: 'platform-admins' },
  { value: 'eng', group: 'engineers' },
];

function mapped(
  claims: Record<string, unknown>,
  rules: readonly ClaimRuleWrite[] = byValue,
  more: Partial<GroupRules> & { readonly groupsComplete?: boolean } = {},
): MappedGroups {
  const { groupsComplete = true, ...given } = more;
  const signIn = { provider: 'corp', issuer: 'i', subject: 's', claims, groupsComplete };
  return mappedGroups(signIn, { names: { groups: 'groups' }, overage: 'Refuse', rules, ...given });
}
const names = (of: MappedGroups): readonly string[] | undefined =>
  of.groups && groupNames(of.groups);

describe('groups that claims give', () => {
  test('are those of the rules, with which rule gave each', () => {
    const { groups, notes } = mapped({ groups: ['eng', '/platform/admins', 'other'] }, [
      ...byValue,
      { when: '"eng" in groups', group: 'engineers' },
    ]);
    expect([...(groups ?? [])]).toEqual([
      ['platform-admins', [0]],
      ['engineers', [1, 2]],
    ]);
    expect(notes).toEqual([]);
  });

  test('case U29: a path is compared whole: the leaf of another tenant gives nothing', () => {
    const rules = [{ value: 'admin', group: 'admin' }, ...byValue];
    expect(
      names(mapped({ groups: ['/tenant-b/admin', '/admin', 'platform/admins'] }, rules)),
    ).toEqual([]);
    const each = mapped({ groups: ['/tenant-b/admin', 'admin'] }, [
      { each: 'groups', only: ['admin'] },
    ]);
    expect(names(each)).toEqual(['admin']);
    const prefixed = mapped({ groups: ['/tenant-b/admin'] }, [{ each: 'groups', prefix: 'kc-' }]);
    expect(names(prefixed)).toEqual([]);
    expect(prefixed.notes).toEqual([
      'Rule 0: "kc-/tenant-b/admin" cannot be the name of a group; a rule with "value" can name it',
    ]);
  });

  test('a claim that is missing changes nothing, and an empty list gives none', () => {
    for (const claims of [{}, { groups: null }]) {
      const missing = mapped(claims);
      expect(missing.groups).toBeUndefined();
      expect(missing.notes).toEqual([
        'corp sent no claim "groups": what your groups give you stays as it was.',
      ]);
    }
    expect(mapped({ groups: [] })).toEqual({ groups: new Map(), notes: [] });
  });

  test.each([
    ['a text', { groups: 'eng' }, /is a text where a list of groups belongs/],
    ['an object', { groups: { 0: 'eng' } }, /of the type object/],
    ['numbers', { groups: ['eng', 7] }, /something else than names/],
    ['lists', { groups: [['eng']] }, /something else than names/],
    ['a text that is too long', { groups: ['x'.repeat(1025)] }, /something else/],
    ['too many', { groups: Array.from({ length: 2501 }, () => 'x') }, /more than 2500 groups/],
  ])('%s is refused with the reason', (_what, claims, why) => {
    expect(() => mapped(claims)).toThrow(
      expect.objectContaining({
        code: 'identity_refused',
        extras: expect.objectContaining({ why: expect.stringMatching(why) }),
      }),
    );
  });

  test('more than 200 are taken', () => {
    const groups = Array.from({ length: 2048 }, (_, i) => `g${i}`);
    expect(names(mapped({ groups }, [{ each: 'groups', prefix: 'e-' }]))).toHaveLength(2048);
  });

  test.each([
    ['told by whoever read them', { groups: ['eng'] }, false],
    ['named elsewhere', { _claim_names: { groups: 'src1' } }, true],
    ['only said to be there', { hasgroups: true }, true],
  ])(
    'U28: too many for a token, %s: refused, or left as they were',
    (_how, claims, groupsComplete) => {
      expect(() => mapped(claims, byValue, { groupsComplete })).toThrow(
        expect.objectContaining({ code: 'identity_refused' }),
      );
      const kept = mapped(claims, byValue, { groupsComplete, overage: 'Graph' });
      expect(kept.groups).toBeUndefined();
      expect(kept.notes).toEqual([expect.stringContaining('could not be read')]);
    },
  );

  test('come of other claims where the provider tells no groups', () => {
    const rules = [{ when: 'claims.hd == "acme.io"', group: 'everybody' }];
    expect(names(mapped({ hd: 'acme.io' }, rules, { names: {} }))).toEqual(['everybody']);
  });

  test('are not asked for where there are no rules', () => {
    expect(mapped({}, [], { groupsComplete: false })).toEqual({ groups: new Map(), notes: [] });
  });

  test('what cannot be worked out gives nothing and is told', () => {
    const rules = [
      { when: 'claims.nothing == "x"', group: 'a' },
      { each: 'claims.email', prefix: 'x-' },
    ];
    const { groups, notes } = mapped({ groups: [], email: 'a' }, rules);
    expect(groups?.size).toBe(0);
    expect(notes).toEqual([
      'Rule 0: No such key: nothing',
      'Rule 1: it has to give a list of texts',
    ]);
  });

  test('at most 20 notes are told', () => {
    const groups = Array.from({ length: 50 }, (_, i) => `/x/${i}`);
    const { notes } = mapped({ groups }, [{ each: 'groups', prefix: 'x-' }]);
    expect(notes).toHaveLength(21);
    expect(notes.at(-1)).toBe('and 30 more notes');
  });

  test.each([
    ['long', { x: 'y'.repeat(70_000) }],
    ['many', { x: Array.from({ length: 6000 }, () => 1) }],
    ['deep', JSON.parse(`${'{"a":'.repeat(60)}1${'}'.repeat(60)}`)],
    [
      'endless',
      (() => {
        const loop: Record<string, unknown> = {};
        loop['me'] = loop;
        return loop;
      })(),
    ],
  ])('claims that are %s are refused before they are looked at', (_what, claims) => {
    expect(() => mapped(claims)).toThrow(expect.objectContaining({ code: 'identity_refused' }));
  });
});

describe('whatever claims and rules there are', () => {
  const groupName = fc.constantFrom('a', 'b', 'c', 'x-a');
  const expression = fc.constantFrom(
    ...['groups', 'claims.list', 'groups.map(g, g + "x")', 'true', '"a" in groups', 'claims.n > 1'],
    ...['claims.deep.er == "x"', 'groups.filter(g, size(g) > 1)', 'nonsense(', 'claims', 'null'],
  );
  const rule: fc.Arbitrary<ClaimRuleWrite> = fc.oneof(
    fc.record({ value: fc.constantFrom('a', '/a', 'b'), group: groupName }),
    fc.record({ when: expression, group: groupName }),
    fc.record({ each: expression, only: fc.array(groupName, { minLength: 1 }) }),
    fc.record({ each: expression, prefix: fc.constantFrom('x-', 'y') }),
  );
  const claimed = fc.dictionary(
    fc.constantFrom('groups', 'list', 'n', 'deep', '__proto__', 'z'),
    fc.jsonValue(),
  );

  test('only identity_refused is thrown, and no group is given that no rule names', () => {
    fc.assert(
      fc.property(
        claimed,
        fc.array(rule, { maxLength: 5 }),
        fc.boolean(),
        (claims, rules, groupsComplete) => {
          try {
            const { groups = new Map<string, readonly number[]>() } = mapped(claims, rules, {
              groupsComplete,
            });
            for (const [group, places] of groups) {
              expect(checkName('Group', group)).toBeUndefined();
              expect(places.length).toBeGreaterThan(0);
              for (const place of places) expect(mayName(rules[place], group)).toBe(true);
            }
          } catch (error) {
            expect(isAppError(error, 'identity_refused')).toBe(true);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  const mayName = (of: ClaimRuleWrite | undefined, group: string): boolean =>
    of?.each === undefined
      ? of?.group === group
      : group.startsWith(of.prefix ?? '') && (of.only === undefined || of.only.includes(group));
});
