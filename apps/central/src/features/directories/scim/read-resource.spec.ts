import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { objectOf, readResource } from './read-resource.ts';
import { enterpriseSchema, groupShape, userShape } from './scim-schema.ts';

const read = (body: unknown): object => readResource(body, userShape);
const person = (more: object): object => read({ userName: 'a', ...more });
const refused = (scimType: string, body: unknown): void =>
  expect(() => read(body)).toThrow(
    expect.objectContaining({
      code: 'invalid_request',
      extras: expect.objectContaining({ details: { scimType } }),
    }),
  );

describe('what is kept of a body', () => {
  test.each<[string, object, object]>([
    [
      'names in any case, as they are written',
      { USERNAME: 'a', DisplayName: 'A' },
      { userName: 'a', displayName: 'A' },
    ],
    [
      'nothing that is not known',
      { userName: 'a', colour: 'red', made_here: true },
      { userName: 'a' },
    ],
    [
      'nothing that is not kept',
      { userName: 'a', password: 's', id: 'x', meta: {}, phoneNumbers: [] },
      { userName: 'a' },
    ],
    [
      'nothing for null',
      { userName: 'a', title: null, name: null, emails: null, [enterpriseSchema]: null },
      { userName: 'a' },
    ],
    [
      'nothing for what holds nothing',
      { userName: 'a', name: { givenName: null }, emails: [], roles: [{}] },
      { userName: 'a' },
    ],
    ['booleans as texts', { userName: 'a', active: 'False' }, { userName: 'a', active: false }],
    [
      'numbers and booleans as texts',
      { userName: 7, title: true },
      { userName: '7', title: 'true' },
    ],
    [
      'one address that is no list',
      { userName: 'a', emails: { value: 'x' } },
      { userName: 'a', emails: [{ value: 'x' }] },
    ],
    [
      'bare addresses',
      { userName: 'a', emails: ['x', 'y'] },
      { userName: 'a', emails: [{ value: 'x' }, { value: 'y' }] },
    ],
    [
      'primary as a text',
      { userName: 'a', emails: [{ value: 'x', Primary: 'TRUE' }] },
      { userName: 'a', emails: [{ value: 'x', primary: true }] },
    ],
    [
      'an extension in any case',
      { userName: 'a', [enterpriseSchema.toUpperCase()]: { Department: 'd', manager: 'm', x: 1 } },
      { userName: 'a', [enterpriseSchema]: { department: 'd', manager: { value: 'm' } } },
    ],
  ])('%s', (_what, body, kept) => expect(read(body)).toEqual(kept));

  test('a group of nobody says so', () => {
    expect(readResource({ displayName: 'x', members: [] }, groupShape)).toEqual({
      displayName: 'x',
      members: [],
    });
  });
});

describe('what is refused', () => {
  test.each<[string, string, unknown]>([
    ['invalidSyntax', 'a list', []],
    ['invalidSyntax', 'null', null],
    ['invalidSyntax', 'a text', 'userName'],
    ['invalidValue', 'nobody', {}],
    ['invalidValue', 'an empty name', { userName: '' }],
    ['invalidValue', 'an object for a text', { userName: { $ne: 1 } }],
    ['invalidValue', 'a list for a text', { userName: 'a', title: ['b'] }],
    ['invalidSyntax', 'a list for an object', { userName: 'a', name: ['b'] }],
    ['invalidValue', 'a word for a boolean', { userName: 'a', active: 'yes' }],
    ['invalidValue', 'a number for a boolean', { userName: 'a', active: 1 }],
    ['invalidValue', 'NUL', { userName: 'a\0' }],
    ['invalidValue', 'an escape', { userName: 'a', title: '\u001b[2J' }],
    ['invalidValue', 'text that turns around', { userName: 'a', title: 'a\u202eb' }],
    ['invalidValue', 'what has no width', { userName: 'a', title: 'a\u200bb' }],
    ['invalidValue', 'half a character', { userName: 'a', title: '\ud800' }],
    ['invalidValue', 'a control in a part', { userName: 'a', emails: [{ value: 'x\n' }] }],
  ])('%s: %s', (scimType, _what, body) => refused(scimType, body));

  test('one character or value too many', () => {
    expect(person({ title: 'x'.repeat(1_024) })).toHaveProperty('title');
    refused('invalidValue', { userName: 'a', title: 'x'.repeat(1_025) });
    const addresses = (many: number): object => ({
      emails: Array.from({ length: many }, (_, at) => ({ value: `${at}` })),
    });
    expect(person(addresses(100))).toHaveProperty('emails');
    refused('tooMany', { userName: 'a', ...addresses(101) });
  });
});

test('a key of what objects are made of is a key like any other', () => {
  const body = JSON.parse(
    '{"userName": "a", "__proto__": {"active": false, "polluted": 1}, "name": {"__proto__": {"givenName": "x"}}, "constructor": 1}',
  ) as object;
  expect(read(body)).toEqual({ userName: 'a' });
  expect({}).not.toHaveProperty('polluted');
});

describe('whatever comes', () => {
  const names = Object.keys({ ...userShape.attributes, [enterpriseSchema]: 1, x: 1, toString: 1 });
  const key = fc.constantFrom(...names, ...names.map((each) => each.toUpperCase()), '__proto__');
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.dictionary(
      fc.constantFrom('value', 'Type', 'givenName', 'primary', 'manager'),
      fc.jsonValue({ maxDepth: 1 }),
    ),
  );
  const body = fc
    .array(fc.tuple(key, value), { maxLength: 6 })
    .map((entries) => Object.fromEntries([['userName', 'a'], ...entries]));

  test('what was read is read again as the same, by its own names alone, or it is refused', () => {
    const known = new Set([...Object.keys(userShape.attributes), enterpriseSchema]);
    fc.assert(
      fc.property(body, (given) => {
        const before = structuredClone(given);
        try {
          const kept = read(given);
          expect(read(kept)).toEqual(kept);
          expect(Object.keys(kept).filter((each) => !known.has(each))).toEqual([]);
          expect(read(JSON.parse(JSON.stringify(kept)))).toEqual(kept);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid_request' });
        }
        expect(given).toEqual(before);
      }),
      { numRuns: 2_000 },
    );
  });

  test('only objects are objects', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (given) => {
        const isObject = typeof given === 'object' && given !== null && !Array.isArray(given);
        if (isObject) expect(objectOf(given, 'It')).toBe(given);
        else expect(() => objectOf(given, 'It')).toThrow('It has to be an object.');
      }),
    );
  });
});
