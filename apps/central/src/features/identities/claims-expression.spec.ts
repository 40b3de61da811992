import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { expressionProblem, isTrue, textsOf } from './claims-expression.ts';

const claims = {
  email: 'ada@acme.io',
  department: 'platform',
  level: 7,
  admin: true,
  realm_access: { roles: ['viewer', 'editor'] },
  roles: 'not-admins',
};
const groups = ['/platform/admins', 'eng-web', 'eng-db'];
const context = { claims, groups };

describe('an expression that gives true or false', () => {
  test.each([
    ['"eng-web" in groups', true],
    ['"eng" in groups', false],
    ['"/admins" in groups', false],
    ['groups.exists(g, g.startsWith("eng-"))', true],
    ['groups.all(g, g.startsWith("eng-"))', false],
    ['claims.department == "platform" && claims.level > 5', true],
    ['claims.department in ["platform", "security"]', true],
    ['claims.admin', true],
    ['has(claims.cost_centre) && claims.cost_centre == "x"', false],
    ['claims.realm_access.roles.exists(r, r == "editor")', true],
    ['groups.filter(g, g.endsWith("db")).size() == 1', true],
    ['claims["department"].contains("form")', true],
  ])('%s', (text, expected) => {
    expect(expressionProblem(text, 'truth')).toBeUndefined();
    expect(isTrue(text, context)).toEqual({ ok: true, value: expected });
  });

  test.each([
    'claims.cost_centre == "x"',
    'claims.level',
    'claims.level.startsWith("x")',
    'claims.roles.exists(r, r == "not-admins")',
    'claims.constructor == "x"',
    'claims.__proto__.a',
  ])('gives nothing when it cannot be worked out: %s', (text) => {
    expect(isTrue(text, context)).toMatchObject({ ok: false });
  });
});

describe('an expression that gives texts', () => {
  test.each([
    ['groups', groups],
    ['groups.filter(g, g.startsWith("eng-"))', ['eng-web', 'eng-db']],
    ['groups.filter(g, g.startsWith("eng-")).map(g, g.substring(4))', ['web', 'db']],
    ['claims.realm_access.roles', ['viewer', 'editor']],
    ['claims.admin ? ["a", "b"] : []', ['a', 'b']],
  ])('%s', (text, expected) => {
    expect(expressionProblem(text, 'texts')).toBeUndefined();
    expect(textsOf(text, context)).toEqual({ ok: true, value: expected });
  });

  test.each(['claims.email', 'claims.realm_access', '[claims.level]', 'claims.missing'])(
    'gives nothing where there is no list of texts: %s',
    (text) => expect(textsOf(text, context)).toMatchObject({ ok: false }),
  );
});

describe('an expression is refused', () => {
  test.each([
    ['', 'truth', /./],
    ['claims.', 'truth', /./],
    ['claims.email.matches("^(a+)+$")', 'truth', /"matches" cannot be used: a regular expression/],
    ['groups.exists(g, g.matches("x"))', 'truth', /"matches"/],
    ['foo(claims)', 'truth', /"foo" is no function/],
    ['claims.email.toUpperCase() == "X"', 'truth', /"toUpperCase" is no function/],
    ['timestamp("x") < timestamp("y")', 'truth', /"timestamp"/],
    ['cel.bind(x, groups, x.size() > 1)', 'truth', /"bind"/],
    ['secrets.x', 'truth', /Unknown variable: secrets/],
    ['"admins" in claims.roles', 'truth', /after "in" comes groups or a list/],
    ['groups.exists(g, groups.exists(h, h == g))', 'truth', /"exists" cannot stand/],
    ['groups.exists(g, g in groups)', 'truth', /"groups" cannot stand/],
    ['groups.exists(g, ["a"].exists(h, h == g))', 'truth', /"exists" cannot stand/],
    ['groups.exists(g, g == claims.department)', 'truth', /"claims" cannot stand/],
    ['groups.map(g, g).map(g, g).map(g, g).size() > 1', 'truth', /at most 2 times/],
    [`claims.email == ${'"a" + '.repeat(9)}"a"`, 'truth', /"\+" at most 8/],
    ['{"a": true}', 'truth', /"map" cannot be used/],
    ['claims.level * 2 > 3', 'truth', /"\*" cannot be used/],
    ['groups', 'truth', /true or false/],
    ['"eng" in groups', 'texts', /a list of texts/],
    ['[1, 2]', 'texts', /a list of texts/],
    [`${'('.repeat(60)}true${')'.repeat(60)}`, 'truth', /./],
    [`[${'"a",'.repeat(200)}"a"]`, 'texts', /./],
  ] as const)('%s (%s)', (text, gives, says) => {
    expect(expressionProblem(text, gives)).toMatch(says);
    const given = gives === 'truth' ? isTrue(text, context) : textsOf(text, context);
    expect(given.ok).toBe(false);
  });
});

describe('whatever is written', () => {
  const word = fc.constantFrom(
    ...['claims', 'groups', 'g', '.', '.exists(g, ', '.filter(g, ', '.map(g, ', ')', '(', '"a"'],
    ...['==', 'in', '+', '[', ']', '{', '}', ',', '&&', '!', '?', ':', '1', 'has(', '.matches('],
    ...['__proto__', 'constructor', 'null', 'true', '\u0000', '\\', "'", '`', 'size(', ' '],
  );
  const text = fc.oneof(
    fc.array(word, { maxLength: 14 }).map((words) => words.join('')),
    fc.string({ maxLength: 60 }),
  );

  test('nothing is thrown, and what is refused gives nothing', () => {
    fc.assert(
      fc.property(text, fc.object({ maxDepth: 3 }), (written, said) => {
        const given = { claims: said as Record<string, unknown>, groups: ['a', 'b'] };
        const [truth, texts] = [isTrue(written, given), textsOf(written, given)];
        if (expressionProblem(written, 'truth') !== undefined) expect(truth.ok).toBe(false);
        if (expressionProblem(written, 'texts') !== undefined) expect(texts.ok).toBe(false);
      }),
      { numRuns: 3000 },
    );
  });
});

test('the longest lists are gone through in milliseconds', () => {
  const many = {
    claims,
    groups: Array.from({ length: 5000 }, (_, i) => `${'x'.repeat(1000)}${i}`),
  };
  const text =
    'groups.filter(g, g.contains("y") || g.endsWith("z")).map(g, g + g + g + g).size() > 1';
  // Time on the processor, so that a busy machine does not count.
  const before = process.cpuUsage();
  expect(isTrue(text, many)).toEqual({ ok: true, value: false });
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1_000).toBeLessThan(500);
});
