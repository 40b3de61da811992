import { describe, expect, test } from '@jest/globals';
import type { DirectoryUser } from '@ambit/persistence';
import fc from 'fast-check';
import { readResource } from './read-resource.ts';
import { etagOf, groupAnswer, listAnswer, shownBy, userAnswer } from './scim-answer.ts';
import { enterpriseSchema, groupSchema, groupShape, userSchema, userShape } from './scim-schema.ts';

const base = 'https://ambit.example/scim/v2';
const alice: DirectoryUser = {
  uid: 'u1',
  name: 'alice@acme.io',
  userName: 'Alice@acme.io',
  externalId: 'e1',
  active: false,
  lockedHere: true,
  madeHere: true,
  version: 3,
  createdAt: 0,
  changedAt: 1_000,
  attributes: {
    active: true,
    title: 'Engineer',
    name: { givenName: 'Alice' },
    [enterpriseSchema]: { department: 'pay' },
  },
};
const shown = (query: string, shape = userShape) => shownBy(new URLSearchParams(query), shape);
const answer = (query = ''): object => userAnswer(alice, { base, shown: shown(query) });

test('a person is what the directory said, with whether they have access, and nothing of ours', () => {
  expect(answer()).toEqual({
    schemas: [userSchema, enterpriseSchema],
    id: 'u1',
    externalId: 'e1',
    userName: 'Alice@acme.io',
    active: false,
    title: 'Engineer',
    name: { givenName: 'Alice' },
    [enterpriseSchema]: { department: 'pay' },
    meta: {
      resourceType: 'User',
      created: '1970-01-01T00:00:00.000Z',
      lastModified: '1970-01-01T00:00:01.000Z',
      location: `${base}/Users/u1`,
      version: 'W/"3"',
    },
  });
});

test('a group has its members, none, or says nothing of them', () => {
  const { userName: _, attributes: _a, active: _b, lockedHere: _c, ...known } = alice;
  const group = { ...known, name: 'payers', displayName: 'Payers' };
  const of = (members?: readonly { uid: string; name: string }[], query = ''): object =>
    groupAnswer(group, members, { base, shown: shown(query, groupShape) });
  expect(of([{ uid: 'u1', name: 'alice@acme.io' }])).toMatchObject({
    schemas: [groupSchema],
    displayName: 'Payers',
    members: [{ value: 'u1', display: 'alice@acme.io', type: 'User' }],
    meta: { location: `${base}/Groups/u1` },
  });
  expect(of([])).toHaveProperty('members', []);
  expect(of(undefined)).not.toHaveProperty('members');
  expect(of([], 'excludedAttributes=MEMBERS')).not.toHaveProperty('members');
});

describe('attributes and excludedAttributes (RFC 7644, 3.9)', () => {
  const always = ['id', 'meta', 'schemas'];
  test.each<[string, readonly string[]]>([
    ['attributes=userName', ['userName']],
    ['attributes=USERNAME, name.givenName', ['name', 'userName']],
    [`attributes=${userSchema}:title`, ['title']],
    [`attributes=${enterpriseSchema}:department`, [enterpriseSchema]],
    ['attributes=unknown', []],
  ])('%s', (query, names) =>
    expect(Object.keys(answer(query)).sort()).toEqual([...always, ...names].sort()),
  );

  test.each<[string, string]>([
    ['excludedAttributes=title', 'title'],
    ['excludedAttributes=Name.familyName', 'name'],
    [`excludedAttributes=${enterpriseSchema}`, enterpriseSchema],
  ])('%s', (query, name) => {
    expect(answer(query)).not.toHaveProperty([name]);
    expect(answer(query)).toHaveProperty('userName');
  });

  test('what says what it is cannot be left out, and not both are asked', () => {
    expect(Object.keys(answer('excludedAttributes=id,meta,schemas'))).toEqual(
      expect.arrayContaining(always),
    );
    expect(() => answer('attributes=title&excludedAttributes=name')).toThrow('not both');
    expect(answer('attributes=&excludedAttributes=title')).not.toHaveProperty('title');
  });
});

test('a page counts what it holds, and all that there are', () => {
  expect(listAnswer({ total: 7, items: [{}, {}] }, 3)).toEqual({
    schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
    totalResults: 7,
    startIndex: 3,
    itemsPerPage: 2,
    Resources: [{}, {}],
  });
});

test('what was read and is answered is read again as the same', () => {
  const text = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 8 });
  const resource = fc.record(
    {
      userName: text,
      externalId: text,
      active: fc.boolean(),
      title: text,
      name: fc.record({ givenName: text, familyName: text }),
      emails: fc.array(fc.record({ value: text, primary: fc.boolean() }), { minLength: 1 }),
      [enterpriseSchema]: fc.record({ department: text }),
    },
    { requiredKeys: ['userName', 'active'] },
  );
  fc.assert(
    fc.property(resource, (given) => {
      const kept = readResource(given, userShape);
      const { userName, externalId, active, ...attributes } = kept as {
        userName: string;
        externalId?: string;
        active: boolean;
      };
      const { externalId: _none, ...known } = alice;
      const user = { ...known, userName, active, attributes, ...(externalId && { externalId }) };
      const body = JSON.stringify(userAnswer(user, { base, shown: shown('') }));
      expect(readResource(JSON.parse(body), userShape)).toEqual(kept);
    }),
  );
});

test('a version is weak: it says what is the same, and not byte by byte', () => {
  expect(etagOf({ version: 12 })).toBe('W/"12"');
});
