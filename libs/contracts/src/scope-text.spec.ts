import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatScope, grantScopeFromText, scopeFromText } from './scope-text.ts';
import { ScopeWrite } from './selectors.ts';

describe('scopes as text', () => {
  test.each([
    ['prod-eu', { clusters: { names: ['prod-eu'] }, clusterWide: true }],
    ['prod-eu/*', { clusters: { names: ['prod-eu'] }, namespaces: { all: true } }],
    ['prod-eu/pay', { clusters: { names: ['prod-eu'] }, namespaces: { names: ['pay'] } }],
  ])('%s', (text, scope) => {
    expect(scopeFromText(text)).toEqual(scope);
    expect(formatScope(scopeFromText(text))).toBe(text);
  });

  test.each(['', '/', 'a/', '/a', 'a/b/c', '*', '*/*', 'A', 'a b', 'a/*x', 'prod.eu', 'a/B'])(
    '%j is refused',
    (text) => {
      expect(() => scopeFromText(text)).toThrow(
        expect.objectContaining({ code: 'invalid_request' }),
      );
    },
  );

  test('whatever is read is a scope that a grant takes', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab-/*.0 ') }), (text) => {
        let scope;
        try {
          scope = scopeFromText(text);
        } catch {
          return;
        }
        expect(ScopeWrite.safeParse(scope).success).toBe(true);
        expect(formatScope(scope)).toBe(text);
      }),
    );
  });

  test.each([
    ['prod-eu/(owned)', { clusters: { names: ['prod-eu'] }, namespaces: { owned: true } }],
    ['*/(owned)', { clusters: { all: true }, namespaces: { owned: true } }],
    ['prod-eu/pay', scopeFromText('prod-eu/pay')],
  ])('%s is one of a grant', (text, scope) => {
    expect(grantScopeFromText(text)).toEqual(scope);
    expect(formatScope(grantScopeFromText(text))).toBe(text);
    expect(ScopeWrite.safeParse(scope).success).toBe(true);
  });

  test.each([
    '/(owned)',
    '(owned)',
    'a/b/(owned)',
    '*/*/(owned)',
    'A/(owned)',
    '*',
    '*/pay',
    'a/(owned)/b',
  ])('%j is no scope of a grant', (text) => {
    expect(() => grantScopeFromText(text)).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    );
  });

  test('selectors are told in few words', () => {
    expect(
      formatScope({
        clusters: { matchLabels: { env: 'prod' } },
        namespaces: {
          matchExpressions: [
            { key: 'team', operator: 'In', values: ['a', 'b'] },
            { key: 'old', operator: 'DoesNotExist' },
          ],
        },
      }),
    ).toBe('{env=prod}/{team in (a,b),!old}');
    expect(formatScope({ clusters: { all: true }, clusterWide: true })).toBe('*');
  });
});
