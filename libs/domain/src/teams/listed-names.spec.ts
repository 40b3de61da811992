import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { aGrant, aRole, aTeam, to } from '../../test/policy-builders.ts';
import type { ClusterSelector } from '../policy-objects.ts';
import { familyOf } from '../policy/family.ts';
import { partsOfGrant } from '../policy/grant-parts.ts';
import { tooManyOwned } from './listed-names.ts';

const everywhere: ClusterSelector = { type: 'all' };
const onA: ClusterSelector = { type: 'names', uids: ['a'] };
const choices: readonly ClusterSelector[] = [everywhere, onA, { type: 'names', uids: ['a', 'b'] }];
const names = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, at) => `n${from + at}`);

test('at most 500 are owned by name on one choice of clusters, in however many lines', () => {
  const line = (clusters: ClusterSelector, ...namespaces: string[]) => ({ clusters, namespaces });
  const full = line(everywhere, ...names(500));
  const first = line(onA, 'other');
  expect(tooManyOwned([first, full])).toBeUndefined();
  expect(tooManyOwned([full, line(everywhere, 'n0', 'begins-*'), line(onA, 'x')])).toBe(undefined);
  const more = [first, full, line(everywhere, 'one-more')];
  expect(tooManyOwned(more)).toEqual({ at: 1, count: 501, most: 500 });
});

test('what a team may own is given by a grant: each of its parts compiles to something', () => {
  const role = aRole('view');
  const line = fc.record({
    clusters: fc.constantFrom(...choices),
    namespaces: fc
      .tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 0, max: 400 }))
      .map(([count, from]) => names(count, from)),
  });
  const seen = new Set<boolean>();
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 6 }), (owns) => {
      const team = aTeam('t', { owns });
      const scope = { namespaces: { type: 'owned' as const } };
      const grant = aGrant('g', { subjects: to(team), role, ...scope });
      const parts = partsOfGrant(grant, () => team);
      const fits = tooManyOwned(owns) === undefined;
      seen.add(fits);
      expect(parts.every((part) => familyOf(part, role) !== undefined)).toBe(fits);
    }),
    // Of each kind one at least, whatever is drawn.
    {
      examples: [
        [[{ clusters: onA, namespaces: names(501) }]],
        [[{ clusters: onA, namespaces: names(1) }]],
      ],
    },
  );
  expect([...seen].sort()).toEqual([false, true]);
});
