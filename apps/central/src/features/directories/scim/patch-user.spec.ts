import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { patchedUser } from './patch-user.ts';
import { readResource } from './read-resource.ts';
import type { Resource } from './read-resource.ts';
import { enterpriseSchema, userShape } from './scim-schema.ts';

const work = { type: 'work', value: 'w@acme.io' };
const home = { type: 'home', value: 'h@acme.io' };
const alice: Resource = {
  userName: 'alice@acme.io',
  active: true,
  title: 'Engineer',
  name: { givenName: 'Alice', familyName: 'Ito' },
  emails: [work, home],
  entitlements: [{ value: 'urn:acme:vpn', display: 'VPN' }, { value: 'desk' }],
};
const after = (...operations: readonly object[]): Resource =>
  patchedUser(alice, { Operations: operations });
const refused = (scimType: string, ...operations: readonly object[]): void =>
  expect(() => after(...operations)).toThrow(
    expect.objectContaining({ extras: expect.objectContaining({ details: { scimType } }) }),
  );

describe('one operation', () => {
  test.each<[string, object, Partial<Record<string, unknown>>]>([
    ['a capital op', { op: 'Replace', path: 'title', value: 'b' }, { title: 'b' }],
    ['shouted', { op: 'REPLACE', path: 'TITLE', value: 'b' }, { title: 'b' }],
    ['a text for a boolean', { op: 'replace', path: 'active', value: 'False' }, { active: false }],
    ['no path', { op: 'replace', value: { active: 'false', Title: 'b' } }, { active: false }],
    ['an empty path', { op: 'replace', path: '', value: { title: 'b' } }, { title: 'b' }],
    ['a path of null', { op: 'add', path: null, value: { title: 'b' } }, { title: 'b' }],
    ['null', { op: 'replace', path: 'title', value: null }, { title: undefined }],
    ['no value', { op: 'replace', path: 'title' }, { title: undefined }],
    [
      'nulls among the parts',
      { op: 'add', value: { name: { givenName: 'A', middleName: null } } },
      { name: { givenName: 'A', familyName: 'Ito' } },
    ],
    [
      'a dotted key',
      { op: 'replace', value: { 'name.givenName': 'A' } },
      { name: { givenName: 'A', familyName: 'Ito' } },
    ],
    [
      'a URN as a path',
      { op: 'replace', path: `${userShape.schema}:name.givenName`, value: 'A' },
      { name: { givenName: 'A', familyName: 'Ito' } },
    ],
    [
      'an extension in another case',
      { op: 'add', path: `${enterpriseSchema.toUpperCase()}:Department`, value: 'pay' },
      { [enterpriseSchema]: { department: 'pay' } },
    ],
    [
      'a manager by the id alone',
      { op: 'add', path: `${enterpriseSchema}:manager`, value: '26' },
      { [enterpriseSchema]: { manager: { value: '26' } } },
    ],
    [
      'one address more',
      { op: 'add', path: 'emails', value: { type: 'other', value: 'o' } },
      { emails: [work, home, { type: 'other', value: 'o' }] },
    ],
    ['one that is there', { op: 'add', path: 'emails', value: [work] }, { emails: [work, home] }],
    ['other addresses', { op: 'replace', path: 'emails', value: [home] }, { emails: [home] }],
    ['no addresses', { op: 'remove', path: 'emails' }, { emails: undefined }],
  ])('%s', (_what, operation, expected) => {
    const person = after(operation);
    expect(Object.keys(expected).map((key) => [key, person[key]])).toEqual(
      Object.entries(expected),
    );
  });
});

describe('some of several values', () => {
  test.each<[string, object, readonly object[] | undefined]>([
    ['S9: chosen by type', write('emails[type eq "work"].value', 'n'), [of(work, 'n'), home]],
    ['names in any case', write('Emails[Type Eq "work"].VALUE', 'n'), [of(work, 'n'), home]],
    ['a value in any case', write('emails[type eq "Work"].value', 'n'), [of(work, 'n'), home]],
    ['all that there are', write('emails.value', 'n'), [of(work, 'n'), of(home, 'n')]],
    ['a part of one', write('emails[type eq "work"]', { value: 'n' }), [of(work, 'n'), home]],
    [
      'one that is not there',
      write('emails[type eq "x"].value', 'n'),
      [work, home, of(work, 'n', 'x')],
    ],
    [
      'one of two conditions',
      write('emails[type eq "home" and value co "h@"].value', 'n'),
      [work, of(home, 'n')],
    ],
    ['none but one', write('emails[not (type eq "home")].value', 'n'), [of(work, 'n'), home]],
    ['remove one', { op: 'remove', path: 'emails[type eq "work"]' }, [home]],
    [
      'remove one by value',
      { op: 'Remove', path: 'emails', value: [{ value: 'W@acme.io' }] },
      [home],
    ],
    ['remove both by value', { op: 'remove', path: 'emails', value: [work, home] }, undefined],
    ['remove who is not there', { op: 'remove', path: 'emails[type eq "x"]' }, [work, home]],
    [
      'remove a part of one',
      { op: 'remove', path: 'emails[type eq "work"].value' },
      [{ type: 'work' }, home],
    ],
  ])('%s', (_what, operation, emails) => expect(after(operation)['emails']).toEqual(emails));

  test('as many as there may be are named by value, whatever is in them', () => {
    const roles = Array.from({ length: 100 }, (_, at) => ({ value: `${at}\\"${'x'.repeat(900)}` }));
    const many = { ...alice, roles };
    const remove = (value: readonly object[]): Resource =>
      patchedUser(many, { Operations: [{ op: 'remove', path: 'roles', value }] });
    expect(remove(roles.slice(1))['roles']).toEqual([roles[0]]);
    expect(remove(roles)).not.toHaveProperty('roles');
  });

  test('a URN is a value like any other', () => {
    const vpn = 'entitlements[value eq "urn:acme:vpn"]';
    expect(after(write(`${vpn}.display`, 'x'))['entitlements']).toEqual([
      { value: 'urn:acme:vpn', display: 'x' },
      { value: 'desk' },
    ]);
    expect(after({ op: 'remove', path: vpn })['entitlements']).toEqual([{ value: 'desk' }]);
  });

  function write(path: string, value: unknown): object {
    return { op: 'replace', path, value };
  }
  function of(email: object, value: string, type?: string): object {
    return { ...email, value, ...(type === undefined ? {} : { type }) };
  }
});

describe('what is refused', () => {
  test.each<[string, string, object]>([
    ['noTarget', 'a remove of nothing', { op: 'remove' }],
    ['noTarget', 'a remove that names nobody', { op: 'remove', path: 'emails', value: [{}] }],
    [
      'noTarget',
      'a remove by type alone',
      { op: 'remove', path: 'emails', value: [{ type: 'work' }] },
    ],
    ['noTarget', 'one of a single value', { op: 'add', path: 'title[value eq "x"]', value: 'b' }],
    [
      'noTarget',
      'none that two conditions make',
      { op: 'add', path: 'emails[type eq "x" and primary eq true].value', value: 'b' },
    ],
    [
      'invalidFilter',
      'a part that nothing has',
      { op: 'add', path: 'emails[colour eq "x"].value', value: 'b' },
    ],
    [
      'invalidFilter',
      'what objects are made of',
      { op: 'add', path: 'emails[__proto__ eq "x"].value', value: 'b' },
    ],
    [
      'invalidFilter',
      'a filter in a filter',
      { op: 'add', path: 'emails[value[type eq "x"]].value', value: 'b' },
    ],
    ['invalidPath', 'an unknown name', { op: 'add', path: 'tittle', value: 'b' }],
    ['invalidPath', 'a part of a part', { op: 'add', path: 'name.givenName.x', value: 'b' }],
    ['invalidPath', 'a path that is no text', { op: 'add', path: 3, value: 'b' }],
    ['invalidPath', 'a path that never ends', { op: 'add', path: 'x'.repeat(1_025), value: 'b' }],
    ['invalidSyntax', 'another op', { op: 'move', path: 'title', value: 'b' }],
    ['invalidSyntax', 'an op that is no text', { op: ['add'], path: 'title', value: 'b' }],
    ['invalidSyntax', 'a text for a person', { op: 'add', value: 'b' }],
    ['invalidSyntax', 'a text for a name', { op: 'add', path: 'name', value: 'b' }],
    ['invalidValue', 'an object for a text', { op: 'add', path: 'title', value: {} }],
    ['invalidValue', 'nobody', { op: 'remove', path: 'userName' }],
  ])('%s: %s', (scimType, _what, operation) => refused(scimType, operation));

  test('one operation too many, and none', () => {
    const many = (count: number): object[] =>
      Array.from({ length: count }, () => ({ op: 'add', path: 'title', value: 'b' }));
    expect(after(...many(1_000))).toMatchObject({ title: 'b' });
    refused('tooMany', ...many(1_001));
    refused('invalidSyntax');
  });
});

test('operations that add and add stop where a person is full', () => {
  const role = (at: number): object => ({ value: `${at}` });
  const add = (from: number, many: number): object => ({
    op: 'add',
    path: 'roles',
    value: Array.from({ length: many }, (_, at) => role(from + at)),
  });
  expect(after(add(0, 50), add(25, 75))['roles']).toHaveLength(100);
  refused('tooMany', ...Array.from({ length: 1_000 }, (_, at) => add(at * 100, 100)));
});

const texts = fc.string({ unit: 'grapheme-ascii', maxLength: 8 });
const name = fc.constantFrom('title', 'displayName', 'nickName', 'locale');
const any = fc.jsonValue({ maxDepth: 2 });
const op = fc.constantFrom('add', 'replace', 'remove', 'Add', 'REMOVE', 'x');
const path = fc.oneof(
  name,
  fc.constantFrom('emails', 'roles', 'name', 'name.givenName', 'emails[type eq "work"].value'),
  fc.constantFrom('__proto__', 'constructor', 'constructor.prototype', 'emails[value pr]', ''),
  fc.string({ maxLength: 12 }),
);

describe('whatever comes', () => {
  test('how an operation is written makes no difference', () => {
    const cased = (text: string, upper: boolean): string =>
      upper ? text.toUpperCase() : text.toLowerCase();
    fc.assert(
      fc.property(name, texts, fc.boolean(), fc.boolean(), (attribute, value, upper, urn) => {
        const wanted = after({ op: 'replace', path: attribute, value });
        const told = cased(attribute, upper);
        const long = urn ? `${userShape.schema}:${told}` : told;
        expect(after({ op: cased('replace', upper), path: long, value })).toEqual(wanted);
        expect(after({ op: 'add', value: { [told]: value, id: null } })).toEqual(wanted);
      }),
    );
  });

  test('said twice is said once', () => {
    const again = fc.record({ op: fc.constantFrom('add', 'replace'), path: name, value: texts });
    fc.assert(
      fc.property(fc.array(again, { minLength: 1, maxLength: 6 }), (Operations) => {
        const once = patchedUser(alice, { Operations });
        expect(patchedUser(once, { Operations })).toEqual(once);
      }),
    );
  });

  test('nothing but what is kept comes into a person, who was not touched, nor what objects are made of', () => {
    const before = structuredClone(alice);
    fc.assert(
      fc.property(fc.array(fc.record({ op, path, value: any }), { maxLength: 5 }), (Operations) => {
        try {
          const person = patchedUser(alice, { Operations });
          expect(readResource(person, userShape)).toEqual(person);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid_request' });
        }
        expect(alice).toEqual(before);
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });
});
