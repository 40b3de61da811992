import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cutPage, decodePlace, encodePlace } from './page.ts';
import { addSearch, SqlConditions } from './sql-conditions.ts';

describe('a place in a list', () => {
  test('comes back as it was made, whatever the name', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer(), (name, position) => {
        const place = encodePlace('users', [name, position]);
        expect(decodePlace('users', place, 2)).toEqual([name, position]);
      }),
    );
  });

  test('anything else is refused, and nothing else is thrown', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
        expect(() => decodePlace('users', text, 1)).toThrow(/continue/);
      }),
    );
    const other = encodePlace('groups', ['a']);
    expect(() => decodePlace('users', other, 1)).toThrow(/continue/);
    const object = Buffer.from(JSON.stringify(['users', { $ne: 1 }])).toString('base64url');
    expect(() => decodePlace('users', object, 1)).toThrow(/continue/);
  });
});

describe('a page', () => {
  test('has a next one exactly when there is more', () => {
    const cut = (count: number) =>
      cutPage(
        Array.from({ length: count }, (_, n) => n),
        3,
        (row) => row,
        String,
      );
    expect(cut(0)).toEqual({ items: [] });
    expect(cut(3)).toEqual({ items: [0, 1, 2] });
    expect(cut(4)).toEqual({ items: [0, 1, 2], continue: '2' });
  });
});

describe('case b26: what a caller searches for', () => {
  test('is a value with its wildcards escaped, never a part of the statement', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (q) => {
        const conditions = new SqlConditions();
        addSearch(conditions, ['t.name'], q);
        expect(conditions.where()).toBe("WHERE ((t.name || '') ILIKE $1)");
        const pattern = String(conditions.values[0]);
        expect(pattern.slice(1, -1).replace(/\\([\\%_])/g, '$1')).toBe(q);
      }),
    );
  });
});
