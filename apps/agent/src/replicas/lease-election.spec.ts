import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SeededRandom, silentLogger } from '@ambit/testing';
import { LeaseSight, leaseTimes } from './lease-record.ts';
import type { Lease, LeaseSpec } from './lease-record.ts';
import { LeaseTerm, readClocks } from './lease-term.ts';
import { LeaseWriter } from './lease-writer.ts';
import type { LeaseClient } from './lease-writer.ts';
import { runLeaseModel } from '../../test/lease-model.ts';
import type { ModelFaults } from '../../test/lease-model.ts';

const quiet: ModelFaults = { rate: 1, stops: [], lost: 0, slowestMs: 20 };
const faultyForMs = 90_000;
const stop = fc.record({
  at: fc.integer({ min: 0, max: faultyForMs }),
  ms: fc.integer({ min: 100, max: 40_000 }),
});
const faults: fc.Arbitrary<ModelFaults> = fc.record({
  rate: fc.double({ min: 0.98, max: 1.02, noNaN: true }),
  stops: fc.array(stop, { maxLength: 4 }),
  lost: fc.integer({ min: 0, max: 60 }),
  slowestMs: fc.integer({ min: 1, max: 2_000 }),
});

/** Holds the Lease at first, and comes back just before it is deleted under the other. */
const pausesOfTheOther = [
  { at: 16_264, ms: 37_170 },
  { at: 35_048, ms: 31_479 },
  { at: 40_557, ms: 25_112 },
  { at: 75_002, ms: 29_685 },
];

describe('of several replicas', () => {
  test('no write of one can land once another has the Lease, whatever stops, is deleted or gets no answer, with clocks that drift', async () => {
    let takes = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(faults, { minLength: 2, maxLength: 3 }),
        fc.integer(),
        fc.array(fc.integer({ min: 0, max: faultyForMs }), { maxLength: 2 }),
        async (each, seed, deleted) => {
          const outcome = await runLeaseModel(
            each,
            faultyForMs,
            new SeededRandom(seed).next,
            deleted,
          );
          takes += outcome.takes;
          expect(outcome.overlaps).toEqual([]);
        },
      ),
      // Each failure is one run that its seed repeats: looking for a smaller one would take minutes.
      { numRuns: 1_000, endOnFailure: true },
    );
    // Without any change of hands nothing would have been tried.
    expect(takes).toBeGreaterThan(30);
  });

  test('one that had the Lease long ago makes none anew that was deleted under another', async () => {
    const held = { rate: 0.9976, stops: [{ at: 8, ms: 3_243 }], lost: 0, slowestMs: 751 };
    const back = { rate: 0.9809190313769071, stops: pausesOfTheOther, lost: 5, slowestMs: 1_708 };
    const random = new SeededRandom(-804_670_511).next;
    const { overlaps } = await runLeaseModel([held, back], faultyForMs, random, [9, 68_533]);
    expect(overlaps).toEqual([]);
  });

  test('the model would see it: a clock of half the speed lets writes land too late', async () => {
    const slow = { ...quiet, rate: 0.5, stops: [{ at: 60_000, ms: 15_000 }] };
    const late = { ...quiet, stops: [{ at: 0, ms: 40_000 }] };
    const found = await Promise.all(
      [1, 2, 3].map((seed) => runLeaseModel([slow, late], 100_000, new SeededRandom(seed).next)),
    );
    expect(found.flatMap(({ overlaps }) => overlaps)).not.toEqual([]);
  });

  test('one acts from the first look on when all is well, and keeps the Lease', async () => {
    const outcome = await runLeaseModel([quiet, quiet, quiet], 120_000, new SeededRandom(7).next);
    expect(outcome).toEqual({ overlaps: [], takes: 1, acts: true });
  });

  test('the other acts within 13 s of the last renewal of one that is stopped', async () => {
    const stopped = { ...quiet, stops: [{ at: 20_000, ms: 1_000_000 }] };
    for (const seed of [1, 2, 3, 4, 5]) {
      const late = { ...quiet, stops: [{ at: 0, ms: 5_000 }] };
      const outcome = await runLeaseModel([stopped, late], 33_500, new SeededRandom(seed).next);
      expect([seed, outcome.takes, outcome.acts]).toEqual([seed, 2, true]);
    }
  });
});

describe('a renewal', () => {
  test('that breaks in another way than by the API server is one that failed, and ends the term in time', async () => {
    let now = 0;
    let tries = 0;
    const broken = (): Promise<never> => Promise.reject(new TypeError(`try ${++tries}`));
    const client = { get: broken, create: broken, mergePatch: broken } as unknown as LeaseClient;
    const clock = { now: () => now, monotonic: () => now };
    const parts = { client, namespace: 'ambit-system', replica: 'a', times: leaseTimes, clock };
    const sleep = (ms: number): Promise<void> => {
      now += ms;
      return Promise.resolve();
    };
    const writer = new LeaseWriter(parts);
    const term = new LeaseTerm(
      { ...parts, writer, sleep, logger: silentLogger },
      readClocks(clock),
    );
    expect(await term.lost).toBe('it was not renewed: try 4');
    expect(term.writesWithin()).toBe(0);
    await term.release();
  });
});

describe('what a replica sees of the Lease', () => {
  const lease = (spec: LeaseSpec): Lease => ({ metadata: { name: 'ambit-agent' }, spec });
  const held = (renewTime: string, more: LeaseSpec = {}): Lease =>
    lease({ holderIdentity: 'a', leaseDurationSeconds: 10, renewTime, ...more });

  test('nobody holds one that is new or was given back', () => {
    const sight = new LeaseSight();
    expect(sight.freeAt('b', leaseTimes)).toBe(-Infinity);
    sight.see(lease({ holderIdentity: '', leaseDurationSeconds: 1 }), 5_000);
    expect(sight.freeAt('b', leaseTimes)).toBe(-Infinity);
  });

  test('the time of another machine counts for nothing: only for how long it has not changed', () => {
    const sight = new LeaseSight();
    sight.see(held('1999-01-01T00:00:00.000000Z'), 1_000);
    sight.see(held('1999-01-01T00:00:00.000000Z'), 9_000);
    expect(sight.freeAt('b', leaseTimes)).toBe(11_000);
    sight.see(held('2999-01-01T00:00:00.000000Z'), 10_000);
    expect(sight.freeAt('b', leaseTimes)).toBe(20_000);
  });

  test('a holder that asks for more time gets it, but for no more than a minute', () => {
    const sight = new LeaseSight();
    sight.see(held('x', { leaseDurationSeconds: 30 }), 0);
    expect(sight.freeAt('b', leaseTimes)).toBe(30_000);
    sight.see(held('x', { leaseDurationSeconds: 1e9 }), 0);
    expect(sight.freeAt('b', leaseTimes)).toBe(60_000);
    sight.see(held('x', { leaseDurationSeconds: 0 }), 0);
    expect(sight.freeAt('b', leaseTimes)).toBe(10_000);
  });

  test('it is written as Kubernetes reads it: six digits of a second, transitions counted', () => {
    const sight = new LeaseSight();
    sight.see(held('2026-01-01T00:00:00.000000Z', { leaseTransitions: 4 }), 0);
    expect(sight.heldBy('b', Date.parse('2026-11-29T10:00:00.123Z'), leaseTimes)).toEqual({
      holderIdentity: 'b',
      leaseDurationSeconds: 10,
      acquireTime: '2026-11-29T10:00:00.123000Z',
      renewTime: '2026-11-29T10:00:00.123000Z',
      leaseTransitions: 5,
    });
  });

  test('so many transitions as Kubernetes can count keep nobody from taking it', () => {
    const sight = new LeaseSight();
    sight.see(held('x', { leaseTransitions: 2_147_483_647 }), 0);
    expect(sight.heldBy('b', 0, leaseTimes).leaseTransitions).toBe(2_147_483_647);
  });
});
