import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { digests } from '../../test/digests.ts';
import {
  binding,
  ceilingWith,
  intentOf,
  namespace,
  owner,
  podReader,
  role,
} from '../../test/worlds.ts';
import { renderDesired } from '../desired/render-desired.ts';
import { isBinding } from '../is-binding.ts';
import type { Intent } from '../intents.ts';
import { exceedsRemovalGuard, heldRemovals, removedTriples } from './removed-triples.ts';

const guard = { share: 0.3, moreThan: 20 };

function people(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `ambit:u${index}`).sort();
}

describe('removal guard', () => {
  test('counts role, scope and subject, whichever intents give them', () => {
    const names = (...list: string[]) => ({ type: 'namespaces', names: list }) as const;
    const before = [
      binding({ key: 'BINDING/1', scope: names('a', 'b'), subjects: people(3) }),
      binding({ key: 'BINDING/2', scope: names('a'), subjects: people(4) }),
    ];
    expect(removedTriples(before, before)).toEqual({ total: 7, removed: 0 });
    expect(removedTriples(before, [])).toEqual({ total: 7, removed: 7 });
    // Split anew, merged, and with a namespace more: nobody loses anything.
    const regrouped = [
      binding({ key: 'BINDING/9', scope: names('a', 'b', 'c'), subjects: people(4) }),
      binding({ key: 'BINDING/8', grantUid: 'g', scope: names('b'), subjects: people(1) }),
    ];
    expect(removedTriples(before, regrouped)).toEqual({ total: 7, removed: 0 });
    expect(removedTriples(before, [before[0]!])).toEqual({ total: 7, removed: 1 });
    const otherRole = before.map((one) => ({
      ...one,
      role: { type: 'existing', clusterRole: 'edit' } as const,
    }));
    expect(removedTriples(before, otherRole)).toEqual({ total: 7, removed: 7 });
  });

  test('holds only what is more than the number and more than the share', () => {
    expect(exceedsRemovalGuard({ total: 20, removed: 20 }, guard)).toBe(false);
    expect(exceedsRemovalGuard({ total: 21, removed: 21 }, guard)).toBe(true);
    expect(exceedsRemovalGuard({ total: 1_000, removed: 300 }, guard)).toBe(false);
    expect(exceedsRemovalGuard({ total: 1_000, removed: 301 }, guard)).toBe(true);
    expect(exceedsRemovalGuard({ total: 0, removed: 0 }, { share: 0, moreThan: 0 })).toBe(false);
  });

  test('what is held, beside what is new, takes nothing away and adds nothing else', () => {
    const intents = fc.array(intentOf, { maxLength: 6 }).map((list) => {
      return [...new Map(list.map((one) => [one.key, one])).values()].filter(
        ({ section }) => section !== 'DENY',
      );
    });
    fc.assert(
      fc.property(intents, intents, (before, after) => {
        const held = heldRemovals(before, after);
        const both = [...after, ...held];
        expect(removedTriples(before, both).removed).toBe(0);
        expect(removedTriples(after, both).removed).toBe(0);
        const { removed } = removedTriples(both, after);
        expect(removed).toBe(removedTriples(before, after).removed);
        expect(removedTriples(both, [...before, ...after]).removed).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  test('held bindings to a role of ours keep the role', () => {
    const before: Intent[] = [
      role('r1', [podReader]),
      binding({ key: 'BINDING/1', role: { type: 'ours', roleUid: 'r1' }, subjects: people(30) }),
    ];
    const held = heldRemovals(before, []);
    const { objects } = renderDesired({
      ...owner,
      digests,
      ceiling: ceilingWith({ customRoles: { rules: [podReader] } }),
      clock: { low: 0, high: 0 },
      namespaces: [namespace('payments')],
      intents: held,
    });
    const bodies = Array.from(objects.values(), ({ body }) => body);
    expect(bodies.filter(isBinding)).toMatchObject([{ subjects: { length: 30 } }]);
    expect(bodies).toHaveLength(2);
  });
});
