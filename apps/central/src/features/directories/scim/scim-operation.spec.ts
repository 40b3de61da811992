import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { scimOperation } from './scim-operation.ts';

const of = (method: string, path: string): string =>
  scimOperation({ method, url: `/scim/v2${path}` });
const about = (kind: string): string[] => [
  `list_${kind}s`,
  ...['create', 'get', 'replace', 'patch', 'delete'].map((each) => `${each}_${kind}`),
];
const words = new Set([...about('user'), ...about('group'), 'discovery', 'other']);

describe('the operation of a request', () => {
  test.each([
    ['POST', '/Users', 'create_user'],
    ['GET', '/Users?filter=userName%20eq%20%22a/b%22', 'list_users'],
    ['GET', '/Users/', 'list_users'],
    ['GET', '/Users/x', 'get_user'],
    ['PUT', '/Users/x', 'replace_user'],
    ['PATCH', '/Groups/x?attributes=id', 'patch_group'],
    ['DELETE', '/Groups/x', 'delete_group'],
    ['GET', '/Schemas/urn:x', 'discovery'],
    ['GET', '', 'other'],
    ['POST', '/Bulk', 'other'],
    ['PATCH', '/Users', 'other'],
    ['POST', '/Users/x', 'other'],
    ['GET', '/__proto__', 'other'],
    ['constructor', '/Users/x', 'other'],
  ])('%s %s is %s', (method, path, operation) => expect(of(method, path)).toBe(operation));

  test('whatever is asked, the words are these and no more', () => {
    const method = fc.oneof(fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE'), fc.string());
    const path = fc.oneof(
      fc.string().map((text) => `/${text}`),
      fc
        .tuple(fc.constantFrom('Users', 'Groups', 'users', 'Schemas'), fc.string())
        .map((parts) => `/${parts.join('/')}`),
    );
    fc.assert(fc.property(method, path, (verb, url) => expect(words).toContain(of(verb, url))));
  });
});
