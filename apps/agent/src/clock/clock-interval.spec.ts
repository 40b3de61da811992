import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  absurdAheadMs,
  believedAheadMs,
  ClockInterval,
  uncertainAboveMs,
} from './clock-interval.ts';

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

  test('one signed time that is years ahead ends nothing, and a true one heals it', () => {
    const clocks = new TwoClocks();
    const interval = new ClockInterval(clocks);
    interval.heardCentral(clocks.wall);
    const before = interval.now();
    expect(interval.heardCentral(clocks.wall + 87_600 * hour)).toBe('refused');
    expect(interval.now()).toEqual(before);
    expect(interval.highWater).toBe(clocks.wall);
    expect(interval.uncertain).toBe(true);
    clocks.pass(1_000);
    expect(interval.heardCentral(clocks.wall)).toBe('believed');
    expect(interval.uncertain).toBe(false);
  });

  test('the first signed time of a process is measured as well, before the API server has answered', () => {
    const clocks = new TwoClocks();
    const interval = new ClockInterval(clocks);
    expect(interval.heardCentral(clocks.wall + hour)).toBe('refused');
    interval.heardKubernetes(clocks.wall + hour);
    expect(interval.heardCentral(clocks.wall + hour)).toBe('believed');
  });

  test('after a suspend, which the monotonic clock does not count, the wall clock is enough', () => {
    const clocks = new TwoClocks();
    const interval = new ClockInterval(clocks);
    interval.heardCentral(clocks.wall);
    clocks.wall += 8 * hour;
    expect(interval.heardCentral(clocks.wall)).toBe('believed');
  });

  test('an absurd stored mark is given up only when signed time, wall clock and API server agree', () => {
    const clocks = new TwoClocks();
    const mark = clocks.wall + 87_600 * hour;
    const interval = new ClockInterval(clocks, mark);
    expect(interval.heardCentral(clocks.wall)).toBe('older');
    interval.heardKubernetes(clocks.wall + hour);
    expect(interval.heardCentral(clocks.wall)).toBe('older');
    interval.heardKubernetes(clocks.wall);
    expect(interval.heardCentral(clocks.wall - hour)).toBe('older');
    expect(interval.now().high).toBe(mark);
    expect(interval.heardCentral(clocks.wall)).toBe('healed');
    expect(interval.now().high).toBe(clocks.wall);
    expect(interval.uncertain).toBe(false);
  });

  test('a time as far ahead as is believed is, a millisecond more is not', () => {
    const clocks = new TwoClocks();
    const interval = new ClockInterval(clocks);
    expect(interval.heardCentral(clocks.wall + believedAheadMs + 1)).toBe('refused');
    expect(interval.heardCentral(clocks.wall + believedAheadMs)).toBe('believed');
    expect(interval.heardCentral(clocks.wall + believedAheadMs)).toBe('believed');
    expect(interval.heardCentral(clocks.wall + believedAheadMs - 1)).toBe('older');
    expect(new ClockInterval(clocks).uncertain).toBe(false);
  });

  test('the first signed time is carried on when the wall clock is set back', () => {
    const clocks = new TwoClocks();
    const interval = new ClockInterval(clocks);
    const first = clocks.wall;
    interval.heardCentral(first);
    clocks.pass(10 * hour);
    clocks.wall -= 20 * hour;
    expect(interval.heardCentral(first + 10 * hour + believedAheadMs)).toBe('believed');
    expect(interval.heardCentral(first + 10 * hour + believedAheadMs + 1)).toBe('refused');
  });

  test.each([
    ['as far ahead as it may be', absurdAheadMs, 0, 'older'],
    ['a millisecond further ahead', absurdAheadMs + 1, 0, 'healed'],
    ['with an API server as far off as is believed', 2 * absurdAheadMs, believedAheadMs, 'healed'],
    ['with an API server further off', 2 * absurdAheadMs, believedAheadMs + 1, 'older'],
  ])('a mark from the disk %s', (_, ahead, off, verdict) => {
    const clocks = new TwoClocks();
    const interval = new ClockInterval(clocks, clocks.wall + ahead);
    interval.heardKubernetes(clocks.wall - off);
    expect(interval.heardCentral(clocks.wall)).toBe(verdict);
  });

  test('a mark that a signed time reached is proven, and never given up again', () => {
    const clocks = new TwoClocks();
    const interval = new ClockInterval(clocks, clocks.wall);
    interval.heardKubernetes(clocks.wall);
    expect(interval.heardCentral(clocks.wall)).toBe('believed');
    clocks.wall -= 48 * hour;
    interval.heardKubernetes(clocks.wall);
    expect(interval.heardCentral(clocks.wall)).toBe('older');
  });

  test('says what each clock says, carried on, and leaves out what was not heard', () => {
    const clocks = new TwoClocks();
    const interval = new ClockInterval(clocks);
    const { wall } = clocks;
    expect(interval.readings()).toEqual({ here: wall });
    interval.heardCentral(wall + 5_000);
    expect(interval.readings()).toEqual({ here: wall, central: wall + 5_000 });
    interval.heardKubernetes(wall - 7_000);
    clocks.steady += 1_000;
    expect(interval.readings()).toEqual({
      here: wall,
      central: wall + 6_000,
      apiServer: wall - 6_000,
    });
  });

  test('wall clock and API server set back together never bring the time below what was believed', () => {
    const sets = fc.array(
      fc.record({ back: fc.integer({ min: 0, max: 20 * hour }), signed: fc.boolean() }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(sets, fc.boolean(), (steps, restart) => {
        const clocks = new TwoClocks();
        let interval = new ClockInterval(clocks);
        interval.heardKubernetes(clocks.wall);
        interval.heardCentral(clocks.wall);
        let believed = interval.highWater;
        for (const { back, signed } of steps) {
          clocks.wall -= back;
          if (restart) interval = new ClockInterval(clocks, interval.highWater);
          interval.heardKubernetes(clocks.wall);
          if (signed) interval.heardCentral(clocks.wall);
          if (clocks.wall < believed - 23 * hour) break;
          expect(interval.now().high).toBeGreaterThanOrEqual(believed);
          believed = Math.max(believed, interval.highWater);
        }
      }),
    );
  });

  test('however often and in whatever steps central signs ahead, the time runs ahead by the tolerance at most', () => {
    const ahead = fc.integer({ min: -hour, max: 3 * believedAheadMs });
    const steps = fc.array(fc.tuple(ahead, fc.integer({ min: 0, max: 60_000 })), { maxLength: 60 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 9 }), (signed, restartEvery) => {
        const clocks = new TwoClocks();
        let interval = new ClockInterval(clocks);
        signed.forEach(([by, passed], index) => {
          if (index % restartEvery === 0) interval = new ClockInterval(clocks, interval.highWater);
          interval.heardKubernetes(clocks.wall);
          interval.heardCentral(interval.now().high + by);
          expect(interval.now().high - clocks.wall).toBeLessThanOrEqual(believedAheadMs);
          expect(interval.highWater - clocks.wall).toBeLessThanOrEqual(believedAheadMs);
          clocks.pass(passed);
        });
      }),
    );
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
