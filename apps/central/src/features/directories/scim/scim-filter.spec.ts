import { describe, expect, test } from '@jest/globals';
import { isAppError } from '@ambit/kernel';
import { filterableType } from '@ambit/persistence';
import type { DirectoryFilter } from '@ambit/persistence';
import fc from 'fast-check';
import { directoryFilter } from './scim-filter.ts';
import { enterpriseSchema, groupShape, userShape } from './scim-schema.ts';

const read = (text: string): DirectoryFilter => directoryFilter(text, userShape);
const is = (attribute: string, value: string | number | boolean, op = 'eq'): DirectoryFilter =>
  ({ op, attribute, value }) as DirectoryFilter;
const [a, b, c] = ['a', 'b', 'c'].map((value) => is('title', value)) as [
  DirectoryFilter,
  DirectoryFilter,
  DirectoryFilter,
];
const invalid = (text: string, shape = userShape): void =>
  expect(() => directoryFilter(text, shape)).toThrow(
    expect.objectContaining({
      code: 'invalid_request',
      extras: expect.objectContaining({ details: { scimType: 'invalidFilter' } }),
    }),
  );

/** As people write it, with no more parentheses than the order of operators needs. */
function written(filter: DirectoryFilter, inside = 0): string {
  const wrap = (strength: number, text: string): string => (strength < inside ? `(${text})` : text);
  if ('filters' in filter) {
    const strength = filter.op === 'or' ? 1 : 2;
    const parts = filter.filters.map((each) => written(each, strength + 1));
    return wrap(strength, parts.join(` ${filter.op} `));
  }
  if ('filter' in filter) return `not (${written(filter.filter)})`;
  if ('value' in filter) return `${filter.attribute} ${filter.op} ${JSON.stringify(filter.value)}`;
  return `${filter.attribute} pr`;
}

const visible = fc
  .string({ unit: 'grapheme', maxLength: 12 })
  .filter((text) => !/[\p{Cc}\p{Cf}\p{Cs}\\]/u.test(text));
const leaf: fc.Arbitrary<DirectoryFilter> = fc.oneof(
  fc.record({
    op: fc.constantFrom('eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'),
    attribute: fc.constantFrom('username', 'title', 'name.givenname', 'externalid', 'emails'),
    value: visible,
  }),
  fc.record({ op: fc.constant('pr'), attribute: fc.constantFrom('username', 'emails', 'id') }),
) as fc.Arbitrary<DirectoryFilter>;
const { tree } = fc.letrec<{ tree: DirectoryFilter }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.record({
      op: fc.constantFrom('and' as const, 'or' as const),
      filters: fc.array(tie('tree'), { minLength: 2, maxLength: 3 }),
    }),
    fc.record({ op: fc.constant('not' as const), filter: tie('tree') }),
  ),
}));
/** The parts that are compared. */
function leavesOf(filter: DirectoryFilter): number {
  if ('filters' in filter) return filter.filters.reduce((sum, each) => sum + leavesOf(each), 1);
  return 'filter' in filter ? 1 + leavesOf(filter.filter) : 1;
}
const attributesOf = (filter: DirectoryFilter): string[] => {
  if ('filters' in filter) return filter.filters.flatMap(attributesOf);
  return 'filter' in filter ? attributesOf(filter.filter) : [filter.attribute];
};

describe('the order of operators (RFC 7644, 3.4.2.2)', () => {
  test.each<[string, DirectoryFilter]>([
    ['title eq "a" or title eq "b" and title eq "c"', orOf(a, andOf(b, c))],
    ['title eq "a" and title eq "b" or title eq "c"', orOf(andOf(a, b), c)],
    ['(title eq "a" or title eq "b") and title eq "c"', andOf(orOf(a, b), c)],
    ['not (title eq "a") and title eq "b"', andOf({ op: 'not', filter: a }, b)],
    ['not (title eq "a" and title eq "b")', { op: 'not', filter: andOf(a, b) }],
    ['title eq "a" AND title eq "b" Or title eq "c"', orOf(andOf(a, b), c)],
    ['NOT (title eq "a") or title eq "b"', orOf({ op: 'not', filter: a }, b)],
  ])('%s', (text, filter) => expect(read(text)).toEqual(filter));

  test('whatever tree is written, that tree is read', () => {
    fc.assert(
      fc.property(
        tree.filter((filter) => leavesOf(filter) <= 50 && written(filter).length <= 2_048),
        (filter) => expect(read(written(filter))).toEqual(filter),
      ),
      { numRuns: 500 },
    );
  });
});

function orOf(...filters: readonly DirectoryFilter[]): DirectoryFilter {
  return { op: 'or', filters };
}
function andOf(...filters: readonly DirectoryFilter[]): DirectoryFilter {
  return { op: 'and', filters };
}

describe('names', () => {
  test.each<[string, DirectoryFilter]>([
    ['USERNAME Eq "x"', is('username', 'x')],
    ['urn:ietf:params:scim:schemas:core:2.0:User:userName eq "x"', is('username', 'x')],
    ['urn:IETF:params:scim:schemas:core:2.0:user:username sw "x"', is('username', 'x', 'sw')],
    [
      `${enterpriseSchema}:department eq "pay"`,
      is(`${enterpriseSchema.toLowerCase()}:department`, 'pay'),
    ],
    ['emails[value eq "x"]', is('emails.value', 'x')],
    [
      'emails[type eq "work"].value eq "x"',
      andOf({ op: 'pr', attribute: 'id' }, is('emails.value', 'x')),
    ],
  ])('%s', (text, filter) => expect(read(text)).toEqual(filter));

  test('a null is looked for as nothing at all', () => {
    expect(read('title eq null')).toEqual({ op: 'not', filter: { op: 'pr', attribute: 'title' } });
  });

  test('booleans come as themselves and as texts', () => {
    for (const text of ['active eq true', 'active eq "True"', 'active ne "TRUE"'])
      expect(read(text)).toMatchObject({ attribute: 'active', value: 'true' });
  });
});

describe('what is refused', () => {
  test.each([
    ['nothing to compare with', 'userName eq'],
    ['two values', 'userName eq "a" "b"'],
    ['a statement behind it', `userName eq "x" or 1=1; DROP TABLE users`],
    ['a quote of SQL', `userName eq 'x'`],
    ['a column', 'made_here eq true'],
    ['a column with its table', 'd.user_uid eq "x"'],
    ['an expression', 'lower(userName) eq "x"'],
    ['what objects are made of', '__proto__ eq "x"'],
    ['what functions are made of', 'constructor.name eq "x"'],
    ['a part of what has none', 'userName.value eq "x"'],
    ['an extension as a whole', `${enterpriseSchema} pr`],
    ['an order of booleans', 'active gt true'],
    ['a text for a boolean', 'active eq "yes"'],
    ['a boolean that is no JSON', 'active eq True'],
    ['a time that is none', 'meta.created gt "yesterday"'],
    ['a part of a time', 'meta.created sw "2027"'],
    ['an unknown operator', 'userName like "x"'],
    ['a list', 'userName eq ["x"]'],
    ['an object', 'userName eq {"x": 1}'],
    ['an open bracket', 'emails[value eq "x"'],
    ['an open text', 'userName eq "x'],
    ['a line break', 'userName eq "a\nb"'],
    ['NUL', 'userName eq "a\0b"'],
    ['text that turns around', 'userName eq "a\u202eb"'],
  ])('%s', (_what, text) => invalid(text));

  test('what only groups have, of people, and the other way round', () => {
    invalid('members.value eq "x"');
    invalid('userName eq "x"', groupShape);
    expect(directoryFilter('members[value eq "x"]', groupShape)).toEqual(is('members.value', 'x'));
  });

  test('one part, character or parenthesis too many', () => {
    const many = (parts: number): string =>
      Array.from({ length: parts }, () => 'title pr').join(' or ');
    expect(leavesOf(read(many(49)))).toBe(50);
    invalid(many(50));
    const long = (length: number): string => `title eq "${'x'.repeat(length - 11)}"`;
    expect(long(2_048)).toHaveLength(2_048);
    expect(read(long(2_048))).toMatchObject({ attribute: 'title' });
    invalid(long(2_049));
    const deep = (levels: number): string => `${'('.repeat(levels)}title pr${')'.repeat(levels)}`;
    expect(read(deep(50))).toEqual({ op: 'pr', attribute: 'title' });
    invalid(deep(51));
    invalid(`${'not '.repeat(51)}title pr`);
  });
});

describe('whatever comes', () => {
  const pieces = fc.constantFrom(
    ...['userName', 'title', 'emails', 'active', 'members.value', '__proto__', 'd.user_uid'],
    ...['eq', 'co', 'pr', 'and', 'or', 'not', 'null', 'true', '1', '-1e9', '"x"', '"', "'"],
    ...['(', ')', '[', ']', '].', '.', ':', ';', '--', '\\', '\\"', '$1', '%', '*', '{', '}'],
  );
  const text = fc.oneof(
    fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(' ')),
    fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')),
    fc.string({ unit: 'binary', maxLength: 40 }),
  );

  test('it is a filter by known attributes, or it is refused', () => {
    fc.assert(
      fc.property(text, fc.constantFrom(userShape, groupShape), (given, shape) => {
        try {
          for (const name of attributesOf(directoryFilter(given, shape)))
            expect(filterableType(shape.kind, name)).toBeDefined();
        } catch (error) {
          if (!isAppError(error, 'invalid_request')) throw error;
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
