import { describe, expect, test } from '@jest/globals';
import { grantScopeText, parseScope } from './scope-text.ts';

describe('the text form of scopes', () => {
  test.each([
    ['prod-eu', { cluster: 'prod-eu', namespaces: { type: 'clusterWide' } }],
    [
      'prod-eu/payments',
      { cluster: 'prod-eu', namespaces: { type: 'names', names: ['payments'] } },
    ],
    ['prod-eu/*', { cluster: 'prod-eu', namespaces: { type: 'all' } }],
  ])('%s is read', (text, scope) => {
    expect(parseScope(text)).toEqual(scope);
  });

  test.each([
    '',
    '/',
    'prod/',
    '/payments',
    '*',
    '*/*',
    'a/b/c',
    'Prod',
    'prod/**',
    'prod/A',
    'prod/a,b',
    'prod /a',
  ])('case b26: %j is refused, never widened', (text) => {
    expect(() => parseScope(text)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });

  test('the scope of a grant is written for people', () => {
    const byEnv = { requirements: [{ key: 'env', operator: 'In' as const, values: ['prod'] }] };
    const names = (uid: string) => ({ 'uid-a': 'prod-eu', 'uid-b': 'prod-us' })[uid] ?? uid;
    const text = (...scope: Parameters<typeof grantScopeText>) => grantScopeText(...scope);
    expect(
      text(
        {
          clusters: { type: 'names', uids: ['uid-a', 'uid-b'] },
          namespaces: { type: 'names', names: ['x', 'y'] },
        },
        names,
      ),
    ).toBe('prod-eu,prod-us/x,y');
    expect(
      text({ clusters: { type: 'selector', selector: byEnv }, namespaces: { type: 'all' } }, names),
    ).toBe('{env=prod}/*');
    expect(
      text({ clusters: { type: 'all' }, namespaces: { type: 'selector', selector: byEnv } }, names),
    ).toBe('*/{env=prod}');
    expect(text({ clusters: { type: 'all' }, namespaces: { type: 'clusterWide' } }, names)).toBe(
      '*',
    );
  });
});
