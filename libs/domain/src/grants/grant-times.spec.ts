import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { triplesOf, load } from '../../test/policy-state.ts';
import { aCluster, aGrant, aRole, aUser, to } from '../../test/policy-builders.ts';
import { lastInstant } from '@ambit/kernel';
import { grantStatus, isMoment, isTimeBound } from './grant-times.ts';

const now = 1_800_000_000_000;
const noMoment = [
  0,
  -0,
  -1,
  Number.NaN,
  Infinity,
  -Infinity,
  Number.MAX_VALUE,
  Number.MAX_SAFE_INTEGER,
  lastInstant + 1,
  1.5,
  2 ** 63,
];
const moment = fc.integer({ min: 1, max: 4_000_000_000_000 });

describe('the times of a grant', () => {
  test.each([
    [{}, 'Active'],
    [{ until: now + 1 }, 'Active'],
    [{ until: now }, 'Ended'],
    [{ until: now - 1 }, 'Ended'],
    [{ notBefore: now }, 'Active'],
    [{ notBefore: now + 1 }, 'Scheduled'],
    [{ notBefore: now + 1, until: now + 2 }, 'Scheduled'],
    [{ notBefore: now - 2, until: now - 1 }, 'Ended'],
    [{ notBefore: now + 5, until: now + 5 }, 'Ended'],
    [{ ended: true }, 'Ended'],
    [{ ended: true, until: now + 1 }, 'Ended'],
  ])('%j is %s', (times, status) => {
    expect(grantStatus(times, now)).toBe(status);
  });

  test.each(noMoment)('case b8: an end of %p never means for ever', (time) => {
    expect(isMoment(time)).toBe(false);
    for (const at of [-1, 0, 1, now, lastInstant]) {
      expect(grantStatus({ until: time }, at)).toBe('Ended');
      expect(grantStatus({ notBefore: time }, at)).toBe('Ended');
    }
  });

  test.each(noMoment)('case b8: a grant that ends at %p compiles to nothing', (time) => {
    const cluster = aCluster('prod');
    const [role, user] = [aRole('view'), aUser('alice')];
    // 0 is what the wire writes for "no end": compiled, it would be access without end.
    const grant = aGrant('g', { subjects: to(user), role, until: time });
    const policy = load(cluster, role, user, grant);
    expect(triplesOf(policy, cluster.uid)).toEqual([]);
    expect(policy.counts(cluster.uid).BINDING).toBe(0);
  });

  test('case b8: a grant ends when it says, to the millisecond', () => {
    fc.assert(
      fc.property(moment, fc.integer({ min: 1, max: 10 ** 12 }), (start, ttl) => {
        const until = start + ttl;
        expect(grantStatus({ until }, start)).toBe('Active');
        expect(grantStatus({ until }, start + ttl - 1)).toBe('Active');
        expect(grantStatus({ until }, start + ttl)).toBe('Ended');
        expect(grantStatus({ until }, start + ttl + 1)).toBe('Ended');
      }),
    );
  });

  test('case 67: once ended, a grant stays ended at every later time', () => {
    fc.assert(
      fc.property(
        fc.record({ notBefore: moment, until: moment }, { requiredKeys: ['until'] }),
        moment,
        moment,
        (times, a, b) => {
          const [earlier, later] = a < b ? [a, b] : [b, a];
          fc.pre(grantStatus(times, earlier) === 'Ended');
          expect(grantStatus(times, later)).toBe('Ended');
        },
      ),
    );
  });
});

test('a grant is bound in time by its beginning, its end or both', () => {
  expect(isTimeBound({})).toBe(false);
  expect(isTimeBound({ ended: true })).toBe(false);
  expect(isTimeBound({ notBefore: 1 })).toBe(true);
  expect(isTimeBound({ until: 1 })).toBe(true);
  expect(isTimeBound({ notBefore: 0, until: 1 })).toBe(true);
});

test('the last moment there is may end a grant', () => {
  expect([isMoment(lastInstant), isMoment(lastInstant + 1), isMoment(1)]).toEqual([
    true,
    false,
    true,
  ]);
});
