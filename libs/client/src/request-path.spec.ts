import { describe, expect, test } from '@jest/globals';
import { routes } from '@ambit/contracts';
import fc from 'fast-check';
import { requestPath } from './request-path.ts';

describe('paths of calls', () => {
  test('parameters and query are encoded', () => {
    const name = 'alice+x@acme.io';
    expect(requestPath(routes.getUser, { name })).toBe('/api/v1/users/alice%2Bx%40acme.io');
    expect(requestPath(routes.listUsers, {}, { q: 'a b&c', limit: 5, continue: undefined })).toBe(
      '/api/v1/users?q=a+b%26c&limit=5',
    );
  });

  test('case b36: no name whatever changes which route is called', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        let path;
        try {
          path = requestPath(routes.getUser, { name });
        } catch {
          return;
        }
        const { pathname, search, hash } = new URL(path, 'http://central');
        expect(pathname.split('/')).toHaveLength(5);
        expect(pathname.startsWith('/api/v1/users/')).toBe(true);
        expect(search + hash).toBe('');
      }),
    );
  });

  test.each(['', '.', '..'])('case b36: %j, which URL parsers resolve, is refused', (name) => {
    expect(() => requestPath(routes.getUser, { name })).toThrow(
      expect.objectContaining({ code: 'invalid_name' }),
    );
  });

  test('a missing parameter is an error and not the text "undefined"', () => {
    expect(() => requestPath(routes.getUser, {})).toThrow(/is not a name/);
  });
});
