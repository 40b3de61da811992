import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ClockInterval, uncertainAboveMs } from './clock-interval.ts';

class TwoClocks {
  wall = 1_000_000_000_000;
  steady = 0;
  now = (): number => this.wall;
  monotonic = (): number => this.steady;
  pass(ms: number): void {
    this.wall += ms;
    this.steady += ms;
  }
}

const hour = 3_600_000;

describe('the clock interval', () => {
  test('a wall clock set back an hour cannot prolong access', () => {
    const clocks = new TwoClocks();
    const interval = new ClockInterval(clocks);
    interval.heardCentral(clocks.wall);
    const before = interval.now().high;
    clocks.wall -= hour;
    clocks.pass(10_000);
    expect(interval.now().high).toBe(before + 10_000);
    expect(interval.uncertain).toBe(true);
  });

  test('after a restart with the clock set back, the persisted mark still ends what had ended', () => {
    const clocks = new TwoClocks();
    const first = new ClockInterval(clocks);
    first.heardCentral(clocks.wall);
    clocks.wall -= hour;
    const restarted = new ClockInterval(clocks, first.highWater);
    expect(restarted.now().high).toBe(first.highWater);
  });

  test('case 70: a wall clock set forward ends early and says so', () => {
    const clocks = new TwoClocks();
    const interval = new ClockInterval(clocks);
    interval.heardCentral(clocks.wall);
    expect(interval.uncertain).toBe(false);
    clocks.wall += hour;
    expect(interval.now().high).toBe(clocks.wall);
    expect(interval.now().low).toBe(clocks.wall - hour);
    expect(interval.uncertain).toBe(true);
  });

  test('a replayed older signed time changes nothing', () => {
    const clocks = new TwoClocks();
    const interval = new ClockInterval(clocks);
    interval.heardCentral(clocks.wall);
    const before = interval.now();
    interval.heardCentral(clocks.wall - hour);
    expect(interval.now()).toEqual(before);
  });

  test('a wrong Date of the API server raises the end only in memory', () => {
    const clocks = new TwoClocks();
    const interval = new ClockInterval(clocks);
    interval.heardKubernetes(clocks.wall + hour);
    expect(interval.now().high).toBe(clocks.wall + hour);
    expect(interval.highWater).toBe(0);
  });

  test('a small skew is certain', () => {
    const clocks = new TwoClocks();
    const interval = new ClockInterval(clocks);
    interval.heardCentral(clocks.wall - uncertainAboveMs);
    expect(interval.uncertain).toBe(false);
  });

  test('whatever the wall clock does, high never falls below signed time plus what has passed', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.integer({ min: -hour, max: hour }), fc.integer({ min: 0, max: 60_000 })),
          { maxLength: 40 },
        ),
        (steps) => {
          const clocks = new TwoClocks();
          const interval = new ClockInterval(clocks);
          const signed = clocks.wall;
          interval.heardCentral(signed);
          for (const [jump, passed] of steps) {
            clocks.wall += jump;
            clocks.pass(passed);
            const { low, high } = interval.now();
            expect(high).toBeGreaterThanOrEqual(signed + clocks.steady);
            expect(low).toBeLessThanOrEqual(high);
          }
        },
      ),
    );
  });
});
