import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { personRule } from './person-rule.ts';
import type { RulePerson } from './person-rule.ts';

const ada: RulePerson = {
  attributes: { department: 'payments', level: 3, oncall: true, skills: ['db', 'js'] },
  groups: ['eng', 'payers'],
};

const matches = (text: string, person = ada): unknown => {
  const rule = personRule(text);
  if (!rule.ok) return rule.problem;
  const said = rule.value.matches(person);
  return said.ok ? said.value : said;
};

describe('a rule', () => {
  test.each([
    ['user.attributes.department == "payments" && "eng" in user.groups', true],
    ['user.attributes["department"] == "payments"', true],
    ['user.attributes.level >= 3 && user.attributes.oncall', true],
    ['user.attributes.level == 4', false],
    ['user.attributes.department in ["law", "payments"]', true],
    ['user.attributes.skills.exists(s, s == "db")', true],
    ['user.groups.exists(g, g.startsWith("pay"))', true],
    ['has(user.attributes.manager)', false],
    ['!has(user.attributes.manager)', true],
    ['user.attributes.manager == "lena"', false],
    ['user.attributes.manager != "lena"', false],
    ['"law" in user.groups', false],
  ])('%s', (text, expected) => expect(matches(text)).toBe(expected));

  test.each([
    ['user.attributes.department ==', /Unexpected token: EOF \(at character \d+\)/],
    ['user.attribute.department == "x"', /user has no "attribute".*at character 1/],
    ['user.email == "x"', /user has no "email"/],
    ['size(user) > 0', /user\.groups and user\.attributes\.NAME/],
    ['size(user.attributes) > 0', /an attribute is named/],
    ['"x" in user.attributes', /after "in" comes user\.groups/],
    ['user.attributes[user.groups[0]] == "x"', /an attribute is named/],
    ['user.attributes.a.matches("(a+)+$")', /"matches" cannot be used/],
    ['"x" in user.attributes.skills', /for an attribute that is a list/],
    ['user.groups.exists(g, user.groups.exists(h, h == g))', /cannot stand in what is done/],
    ['claims.department == "x"', /claims/],
    ['"text"', /it has to give true or false/],
    ['1 + 1', /it has to give true or false/],
  ])('that is refused says why and where: %s', (text, says) => {
    const rule = personRule(text);
    expect(rule.ok ? 'taken' : rule.problem).toMatch(says);
  });

  test.each([
    ['user.attributes.a == "x" && user.attributes["b"] == "y"', ['a:a', 'a:b']],
    ['has(user.attributes.a)', ['a:a']],
    ['"eng" in user.groups', ['g:eng']],
    ['size(user.groups) > 1', ['g']],
    ['user.groups.exists(g, g == "a") || user.attributes.a.startsWith("b")', ['a:a', 'g']],
    ['true', []],
  ])('says what it reads: %s', (text, reads) => {
    const rule = personRule(text);
    expect(rule.ok && rule.value.reads).toEqual(reads);
  });

  test('that fails for somebody does not match, and says so', () => {
    expect(matches('user.attributes.department > 3')).toMatchObject({ ok: false });
    expect(matches('user.attributes.department > 3', { attributes: {}, groups: [] })).toBe(false);
  });

  /** What the index of rules rests on. */
  test('says the same of two people who differ only in what it does not read, whatever they are', () => {
    const texts = [
      'user.attributes.a == "1" && "x" in user.groups',
      '!has(user.attributes.b) || user.attributes.b',
      'user.groups.exists(g, g == "y") ? user.attributes.a == "2" : "x" in user.groups',
      '"x" in user.groups || "y" in user.groups',
    ];
    const attributes = fc.dictionary(
      fc.constantFrom('a', 'b', 'c', 'd'),
      fc.oneof(fc.constantFrom('1', '2'), fc.boolean(), fc.integer({ max: 3, min: 0 })),
    );
    const groups = fc.subarray(['x', 'y', 'z']);
    const person = fc.record({ attributes, groups });
    fc.assert(
      fc.property(fc.constantFrom(...texts), person, person, (text, one, other) => {
        const rule = personRule(text);
        if (!rule.ok) throw new Error(rule.problem);
        const { reads } = rule.value;
        const mixed = {
          attributes: Object.fromEntries([
            ...Object.entries(other.attributes).filter(([name]) => !reads.includes(`a:${name}`)),
            ...Object.entries(one.attributes).filter(([name]) => reads.includes(`a:${name}`)),
          ]),
          groups: ['x', 'y', 'z'].filter((name) =>
            (reads.includes('g') || reads.includes(`g:${name}`) ? one : other).groups.includes(
              name,
            ),
          ),
        };
        expect(rule.value.matches(mixed)).toEqual(rule.value.matches(one));
      }),
      { numRuns: 2_000 },
    );
  });
});
