import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { filterableType, filterCondition } from './directory-filter.ts';
import { compares } from './directory-record.ts';
import type { DirectoryFilter } from './directory-record.ts';

const attribute = fc.constantFrom('username', 'title', 'externalid', 'emails', 'name.givenname');
const value = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(`' OR '1'='1`, `$1`, `"; DROP TABLE users; --`, `\\`, '%', '{a,b}'),
);
const leaf: fc.Arbitrary<DirectoryFilter> = fc.oneof(
  fc.record({ op: fc.constantFrom(...compares), attribute, value }),
  fc.record({ op: fc.constant('pr' as const), attribute }),
);
const { tree } = fc.letrec<{ tree: DirectoryFilter }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.record({
      op: fc.constantFrom('and' as const, 'or' as const),
      filters: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ op: fc.constant('not' as const), filter: tie('tree') }),
  ),
}));
function valuesOf(filter: DirectoryFilter): unknown[] {
  if ('filters' in filter) return filter.filters.flatMap(valuesOf);
  if ('filter' in filter) return valuesOf(filter.filter);
  return 'value' in filter ? [filter.value] : [];
}
/** The same filter that compares with another text each time. */
function blanked(filter: DirectoryFilter): DirectoryFilter {
  if ('filters' in filter) return { ...filter, filters: filter.filters.map(blanked) };
  if ('filter' in filter) return { ...filter, filter: blanked(filter.filter) };
  return 'value' in filter ? { ...filter, value: 'x' } : filter;
}

describe('a filter in SQL', () => {
  test('what it compares with is a parameter and never a part of the statement', () => {
    fc.assert(
      fc.property(tree, (filter) => {
        const parameters: unknown[] = ['provider'];
        const sql = filterCondition('User', filter, parameters);
        expect(parameters).toEqual(['provider', ...valuesOf(filter)]);
        expect(filterCondition('User', blanked(filter), ['provider'])).toBe(sql);
        const used = new Set(Array.from(sql.matchAll(/\$(\d+)/g), ([, number]) => Number(number)));
        expect([...used].sort((a, b) => a - b)).toEqual(valuesOf(filter).map((_, at) => at + 2));
      }),
      { numRuns: 500 },
    );
  });

  test('an attribute that is no column is none, whatever it is called', () => {
    for (const name of [
      '__proto__',
      'constructor',
      'toString',
      'made_here',
      'd.user_uid',
      'UserName',
    ])
      for (const kind of ['User', 'Group'] as const) {
        expect(filterableType(kind, name)).toBeUndefined();
        expect(() => filterCondition(kind, { op: 'pr', attribute: name }, [])).toThrow('no column');
      }
  });

  test('and and or keep together what they hold', () => {
    const is = (name: string): DirectoryFilter => ({ op: 'pr', attribute: name });
    const either: DirectoryFilter = { op: 'or', filters: [is('id'), is('title')] };
    const sql = filterCondition('User', { op: 'and', filters: [either, is('username')] }, []);
    expect(sql).toMatch(/^\(\(\(.*\) OR \(.*\)\) AND \(.*\)\)$/);
  });
});
