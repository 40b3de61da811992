import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { comparePoints } from '@ambit/protocol';
import type { HighWater } from '../state/high-water-text.ts';
import { laterMarks } from './follow-replica.ts';

const small = fc.integer({ min: 0, max: 5 });
const marksOf: fc.Arbitrary<HighWater> = fc
  .record({
    stateEpoch: small,
    gainsGiven: small,
    centralTime: fc.option(small, { nil: undefined }),
    accepted: fc.option(
      fc.record({ stateEpoch: small, revision: small, root: fc.constant(undefined) }),
      { nil: undefined },
    ),
    removalsHeld: fc.option(fc.record({ stateEpoch: small, revision: small }), { nil: undefined }),
  })
  .map((marks) => ({
    ...marks,
    installationUid: 'installation',
    clusterUid: 'cluster',
    accepted: marks.accepted && { ...marks.accepted, lineage: new Uint8Array() },
  }));

describe('the marks of two replicas', () => {
  test('what one of them would not believe again, the later of both does not either', () => {
    fc.assert(
      fc.property(marksOf, marksOf, (ours, theirs) => {
        const later = laterMarks(ours, theirs);
        for (const each of [ours, theirs]) {
          expect(later.stateEpoch).toBeGreaterThanOrEqual(each.stateEpoch);
          expect(later.centralTime ?? -1).toBeGreaterThanOrEqual(each.centralTime ?? -1);
          if (each.accepted === undefined) continue;
          const { accepted = each.accepted } = later;
          expect(comparePoints(accepted, each.accepted)).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  test('what waits for the owner is what waited for whoever accepted last', () => {
    fc.assert(
      fc.property(marksOf, marksOf, (ours, theirs) => {
        const later = laterMarks(ours, theirs);
        const last = later.accepted === theirs.accepted ? theirs : ours;
        expect(later.removalsHeld).toEqual(last.removalsHeld);
      }),
    );
  });

  test('of another installation, that of who acted last counts alone', () => {
    const [ours, theirs] = fc.sample(marksOf, { numRuns: 2, seed: 1 });
    if (ours === undefined || theirs === undefined) throw new Error('no sample');
    const other = { ...theirs, installationUid: 'other' };
    expect(laterMarks(ours, other)).toBe(other);
  });
});
