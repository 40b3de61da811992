import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { LabelSelector } from '../intents.ts';
import { canonicalSelector, selectorText } from './canonical-selector.ts';
import { parseLabelSelector } from './parse-label-selector.ts';
import { parseSelectorText } from './parse-selector-text.ts';
import { selectorMatches } from './selector-matches.ts';

function read(value: unknown): LabelSelector {
  const parsed = parseLabelSelector(value);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

describe('the object form', () => {
  test('becomes sorted requirements, matchLabels as In with one value', () => {
    const value = {
      matchLabels: { team: 'a', env: 'prod' },
      matchExpressions: [
        { key: 'tier', operator: 'NotIn', values: ['x', 'b', 'x'] },
        { key: 'env', operator: 'Exists' },
      ],
    };
    expect(read(value).requirements).toEqual([
      { key: 'env', operator: 'Exists', values: [] },
      { key: 'env', operator: 'In', values: ['prod'] },
      { key: 'team', operator: 'In', values: ['a'] },
      { key: 'tier', operator: 'NotIn', values: ['b', 'x'] },
    ]);
  });

  test('everything wrong with it is told at once, where it stands', () => {
    const parsed = parseLabelSelector(
      {
        matchLabel: {},
        matchLabels: { 'a/b/c': 'x', ok: 'not ok', n: 1 },
        matchExpressions: [
          { key: '', operator: 'in', values: [] },
          { key: 'k', operator: 'In', values: [] },
          { key: 'k', operator: 'Exists', values: ['v'] },
          'x',
        ],
      },
      '/spec/selector',
    );
    if (parsed.ok) throw new Error('was read');
    expect(parsed.problems.map(({ pointer, didYouMean }) => [pointer, didYouMean])).toEqual([
      ['/spec/selector/matchLabel', 'matchLabels'],
      ['/spec/selector/matchLabels/a~1b~1c', undefined],
      ['/spec/selector/matchLabels/ok', undefined],
      ['/spec/selector/matchLabels/n', undefined],
      ['/spec/selector/matchExpressions/0/key', undefined],
      ['/spec/selector/matchExpressions/0/operator', 'In'],
      ['/spec/selector/matchExpressions/1/values', undefined],
      ['/spec/selector/matchExpressions/2/values', undefined],
      ['/spec/selector/matchExpressions/3', undefined],
      ['/spec/selector/matchExpressions/3/key', undefined],
      ['/spec/selector/matchExpressions/3/operator', undefined],
    ]);
  });

  test('`constructor` and `__proto__` are ordinary label keys', () => {
    const selector = read(JSON.parse('{"matchLabels":{"constructor":"a"}}'));
    expect(selectorMatches(selector, {})).toBe(false);
    expect(selectorMatches(selector, { constructor: 'a' })).toBe(true);
    expect(parseLabelSelector(JSON.parse('{"matchLabels":{"__proto__":"a"}}')).ok).toBe(false);
  });
});

describe('matching', () => {
  test('no selector matches nothing, an empty one everything', () => {
    expect(selectorMatches(undefined, { a: 'b' })).toBe(false);
    expect(selectorMatches(null, {})).toBe(false);
    expect(selectorMatches(read({}), undefined)).toBe(true);
  });

  test('what only excludes matches where the key is absent', () => {
    for (const operator of ['NotIn', 'DoesNotExist']) {
      const values = operator === 'NotIn' ? ['a'] : [];
      const selector = read({ matchExpressions: [{ key: 'env', operator, values }] });
      expect(selectorMatches(selector, {})).toBe(true);
      expect(selectorMatches(selector, { env: 'a' })).toBe(false);
    }
  });

  test('case 31: a value or key that another begins with is another', () => {
    const selector = read({ matchLabels: { team: 'prod' } });
    expect(selectorMatches(selector, { team: 'prod-admins' })).toBe(false);
    expect(selectorMatches(selector, { 'team-2': 'prod' })).toBe(false);
    expect(selectorMatches(selector, { team: 'pro' })).toBe(false);
  });
});

describe('the text form', () => {
  test('says what it stumbles over', () => {
    expect(parseSelectorText('a in (b')).toEqual({
      ok: false,
      message: "found the end where ',' or ')' is expected",
    });
    expect(parseSelectorText('a=b,')).toMatchObject({ ok: false });
    expect(parseSelectorText('a b')).toMatchObject({
      message: 'found "b" where in, notin, =, ==, !=, > or < is expected',
    });
  });

  const requirement = fc.oneof(
    fc.record({
      key: fc.constantFrom('a', 'b.c/d', 'in', 'notin'),
      operator: fc.constantFrom('In' as const, 'NotIn' as const),
      values: fc.uniqueArray(fc.constantFrom('x', 'y', 'in', '1'), { minLength: 1, maxLength: 3 }),
    }),
    fc.record({
      key: fc.constantFrom('a', 'b.c/d', 'in'),
      operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const),
      values: fc.constant([]),
    }),
  );

  test('of a selector reads back as the selector', () => {
    fc.assert(
      fc.property(fc.array(requirement, { minLength: 1, maxLength: 4 }), (requirements) => {
        const selector = canonicalSelector({ requirements });
        const parsed = parseSelectorText(selectorText(selector));
        if (!parsed.ok) throw new Error(parsed.message);
        const again = canonicalSelector(parsed.selector as LabelSelector);
        expect(again).toEqual(selector);
        expect(selectorText(canonicalSelector({ requirements: [...requirements].reverse() }))).toBe(
          selectorText(selector),
        );
      }),
    );
    expect(selectorText({ requirements: [] })).toBe('*');
  });
});
