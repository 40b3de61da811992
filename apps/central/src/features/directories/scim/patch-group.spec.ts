import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { patchedGroup, wholeGroup } from './patch-group.ts';
import type { GroupEdit } from '../group-edit.ts';
import { groupShape } from './scim-schema.ts';

const edit = (...operations: readonly object[]): GroupEdit =>
  patchedGroup({ Operations: operations });
const refused = (scimType: string, ...operations: readonly object[]): void =>
  expect(() => edit(...operations)).toThrow(
    expect.objectContaining({ extras: expect.objectContaining({ details: { scimType } }) }),
  );
const named = (ids: Iterable<string>): object[] => Array.from(ids, (value) => ({ value }));
const idsOf = (many: number, from = 0): string[] =>
  Array.from(
    { length: many },
    (_, at) => `0192f0c1-2b3c-7d4e-8f50-${String(from + at).padStart(12, '0')}`,
  );

/** Who is in the group afterwards. */
function membersAfter(
  before: Iterable<string>,
  { members, joining, leaving }: GroupEdit,
): Set<string> {
  const after = new Set(members ?? before);
  for (const id of joining) after.add(id);
  for (const id of leaving) after.delete(id);
  return after;
}

describe('members of a PATCH', () => {
  test.each<[string, object, Partial<Record<'members' | 'joining' | 'leaving', string[]>>]>([
    ['Add', { op: 'Add', path: 'members', value: named(['a']) }, { joining: ['a'] }],
    [
      'add without a path',
      { op: 'add', value: { members: named(['a', 'b']) } },
      { joining: ['a', 'b'] },
    ],
    [
      'add of one that is no list',
      { op: 'add', path: 'members', value: { value: 'a' } },
      { joining: ['a'] },
    ],
    ['add of a bare id', { op: 'add', path: 'MEMBERS', value: 'a' }, { joining: ['a'] }],
    [
      'S6: $ref of null',
      { op: 'add', path: 'members', value: [{ $ref: null, value: 'a', display: null }] },
      { joining: ['a'] },
    ],
    [
      'a URN',
      { op: 'add', path: `${groupShape.schema}:members`, value: named(['a']) },
      { joining: ['a'] },
    ],
    [
      'S3: remove by value',
      { op: 'Remove', path: 'members', value: named(['a']) },
      { leaving: ['a'] },
    ],
    ['S4: remove by path', { op: 'remove', path: 'members[value eq "a"]' }, { leaving: ['a'] }],
    [
      'remove of two by path',
      { op: 'remove', path: 'members[value eq "a" or Value Eq "b"]' },
      { leaving: ['a', 'b'] },
    ],
    ['replace', { op: 'replace', path: 'members', value: named(['a']) }, { members: ['a'] }],
    ['replace by nobody', { op: 'Replace', path: 'members', value: [] }, { members: [] }],
    [
      'replace without a path',
      { op: 'replace', value: { id: 'x', members: named(['a']) } },
      { members: ['a'] },
    ],
  ])('%s', (_what, operation, expected) => {
    const { members, joining, leaving } = edit(operation);
    expect({ members, joining, leaving }).toEqual({
      members: expected.members === undefined ? undefined : new Set(expected.members),
      joining: new Set(expected.joining),
      leaving: new Set(expected.leaving),
    });
  });

  test.each<[string, string, object]>([
    ['noTarget', 'S5: remove of members', { op: 'Remove', path: 'members' }],
    ['noTarget', 'remove of null', { op: 'remove', path: 'members', value: null }],
    ['noTarget', 'replace by null', { op: 'replace', path: 'members', value: null }],
    ['noTarget', 'replace by null without a path', { op: 'replace', value: { members: null } }],
    ['noTarget', 'remove of everything', { op: 'remove' }],
    [
      'invalidValue',
      'a member without an id',
      { op: 'add', path: 'members', value: [{ display: 'a' }] },
    ],
    [
      'invalidValue',
      'a remove that names one and means another',
      { op: 'remove', path: 'members', value: [{ value: 'a' }, { display: 'b' }] },
    ],
    ['invalidFilter', 'everybody but one', { op: 'remove', path: 'members[value ne "a"]' }],
    ['invalidFilter', 'whoever has an id', { op: 'remove', path: 'members[value pr]' }],
    [
      'invalidFilter',
      'both at once',
      { op: 'remove', path: 'members[value eq "a" and value eq "b"]' },
    ],
    ['invalidFilter', 'nobody else', { op: 'remove', path: 'members[not (value eq "a")]' }],
    ['invalidFilter', 'by another part', { op: 'remove', path: 'members[display eq "a"]' }],
    ['mutability', 'no name', { op: 'remove', path: 'displayName' }],
    ['mutability', 'a name of null', { op: 'replace', path: 'displayName', value: null }],
    ['invalidValue', 'an empty name', { op: 'replace', path: 'displayName', value: '' }],
    ['invalidPath', 'an unknown attribute', { op: 'replace', path: 'owners', value: 'a' }],
  ])('%s: %s', (scimType, _what, operation) => refused(scimType, operation));

  test('10,000 join, 10,000 leave, and 50,000 are the most', () => {
    const [old, ids] = [idsOf(10_000), idsOf(10_000, 5_000)];
    const join = { op: 'add', path: 'members', value: named([...ids, ...ids]) };
    expect(membersAfter(old, edit(join)).size).toBe(15_000);
    const leave = { op: 'remove', path: 'members', value: named(ids) };
    expect([...membersAfter(old, edit(leave))]).toEqual(old.slice(0, 5_000));
    expect(membersAfter(old, edit(join, leave))).toEqual(new Set(old.slice(0, 5_000)));
    const replace = { op: 'replace', path: 'members', value: named(ids) };
    expect(membersAfter(old, edit(replace))).toEqual(new Set(ids));
    const most = { op: 'add', path: 'members', value: named(idsOf(50_000)) };
    expect(edit(most).joining.size).toBe(50_000);
    refused('tooMany', { ...most, value: named(idsOf(50_001)) });
  });

  test('10,000 join in 1,000 operations, as some directories send them', () => {
    const ids = idsOf(10_000);
    const operations = Array.from({ length: 1_000 }, (_, at) => ({
      op: 'Add',
      path: 'members',
      value: named(ids.slice(at * 10, at * 10 + 10)),
    }));
    expect(edit(...operations).joining).toEqual(new Set(ids));
  });

  test('operations that follow one another are one edit', () => {
    const id = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const step = fc.record({
      op: fc.constantFrom('add' as const, 'remove' as const, 'replace' as const),
      ids: fc.uniqueArray(id, { minLength: 1, maxLength: 3 }),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(id),
        fc.array(step, { minLength: 1, maxLength: 8 }),
        (before, steps) => {
          const inTurn = new Set(before);
          for (const { op, ids } of steps) {
            if (op === 'replace') inTurn.clear();
            for (const each of ids)
              if (op === 'remove') inTurn.delete(each);
              else inTurn.add(each);
          }
          const operations = steps.map(({ op, ids }) => ({
            op,
            path: 'members',
            value: named(ids),
          }));
          expect(membersAfter(before, edit(...operations))).toEqual(inTurn);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

describe('names of a PATCH', () => {
  test('what is not said stays', () => {
    expect(edit({ op: 'add', path: 'members', value: named(['a']) })).not.toMatchObject({
      displayName: expect.anything(),
    });
    expect(edit({ op: 'add', path: 'members', value: 'a' }).externalId).toBeUndefined();
  });

  test('a name and an id, and an id that goes', () => {
    expect(edit({ op: 'Replace', value: { displayName: 'X', externalId: 'e' } })).toMatchObject({
      displayName: 'X',
      externalId: 'e',
    });
    expect(edit({ op: 'remove', path: 'externalId' }).externalId).toBeNull();
    expect(edit({ op: 'replace', value: { externalId: null } }).externalId).toBeNull();
  });
});

describe('a whole group', () => {
  test('leaves nothing of before', () => {
    expect(wholeGroup({ DisplayName: 'X', meta: {}, owners: ['a'] })).toEqual({
      displayName: 'X',
      externalId: null,
      members: new Set(),
      joining: new Set(),
      leaving: new Set(),
    });
    expect(wholeGroup({ displayName: 'X', members: named(['a', 'a']) }).members).toEqual(
      new Set(['a']),
    );
    expect(() => wholeGroup({ members: [] })).toThrow('displayName is needed');
  });
});
