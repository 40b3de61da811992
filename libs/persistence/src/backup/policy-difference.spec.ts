import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { policyDifferences, type KnownHistory } from './policy-difference.ts';

const known = fc.record({
  kind: fc.constantFrom('User', 'Grant', 'ApiToken'),
  name: fc.constantFrom('ada', 'ben'),
  op: fc.constantFrom('put', 'delete', 'revoke'),
  content: fc.constantFrom('1', '2'),
} as const);
const objects: fc.Arbitrary<KnownHistory> = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 5 }), known))
  .map((list) => new Map(list.map(([uid, each]) => [`${each.kind} ${uid}`, each])));

const one = (op: 'put' | 'delete' | 'revoke', content = '1'): KnownHistory =>
  new Map([['Grant g-1', { kind: 'Grant', name: 'payments', op, content }]]);
const none: KnownHistory = new Map();

describe('what differs after a restore', () => {
  test.each([
    ['made since', one('put'), none, 'gone'],
    ['removed since', one('delete'), one('put'), 'back'],
    ['made anew since', one('put'), one('delete'), 'gone'],
    ['changed since', one('put', '2'), one('put'), 'as before'],
    ['not known to what was replaced', none, one('put'), 'back'],
    ['ended since', one('revoke'), none, 'ended'],
    ['a token, revoked since', one('revoke'), one('put'), 'ended'],
  ])('says of what was %s what it is', (_, replaced, restored, is) => {
    expect(policyDifferences(replaced, restored)).toEqual([
      { is, kind: 'Grant', name: 'payments', uid: 'g-1' },
    ]);
  });

  test.each([
    ['the same', one('put'), one('put')],
    ['removed in both', one('delete'), one('delete')],
    ['ended in both', one('revoke'), one('revoke')],
    ['made and removed since', one('delete'), none],
  ])('says nothing of what is %s', (_, replaced, restored) => {
    expect(policyDifferences(replaced, restored)).toEqual([]);
  });

  test('takes a key of the issuer that is not there any more for one that was withdrawn', () => {
    const key: KnownHistory = new Map([
      ['IssuerKey k-1', { kind: 'IssuerKey', name: 'k-1', op: 'put', content: '' }],
    ]);
    const told = { kind: 'IssuerKey', name: 'k-1', uid: 'k-1' };
    expect(policyDifferences(none, key)).toEqual([{ is: 'ended', ...told }]);
    expect(policyDifferences(key, none)).toEqual([{ is: 'gone', ...told }]);
  });

  test('names each object once, sorted, and exactly those that are not alike', () => {
    fc.assert(
      fc.property(objects, objects, (replaced, restored) => {
        const named = policyDifferences(replaced, restored).map(
          ({ kind, uid }) => `${kind} ${uid}`,
        );
        expect(new Set(named).size).toBe(named.length);
        const good = (of: KnownHistory, key: string): string | undefined =>
          of.get(key)?.op === 'put' ? of.get(key)?.content : undefined;
        for (const key of new Set([...replaced.keys(), ...restored.keys()])) {
          if (replaced.get(key)?.op === 'revoke') continue;
          expect([key, named.includes(key)]).toEqual([
            key,
            good(replaced, key) !== good(restored, key),
          ]);
        }
        expect(policyDifferences(replaced, replaced)).toEqual([]);
      }),
    );
  });
});
