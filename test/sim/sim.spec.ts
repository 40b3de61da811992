import { describe, expect, test } from '@jest/globals';
import { defects } from './defects.ts';
import { run } from './sim-run.ts';

const seeds = Array.from({ length: 500 }, (_, index) => index + 1);
const mostForADefect = 300;

describe('the reconciler in a virtual cluster', () => {
  test('outside row B.3: 500 seeds of faults, drift, strangers, admission, clocks and restarts: no excess beyond its time, all is well in the end, and the second pass writes nothing', async () => {
    for (const seed of seeds) {
      const { violation, steps } = await run(seed);
      if (violation !== undefined) {
        throw new Error(`seed ${seed}: ${violation}\n${steps.join('\n')}`);
      }
    }
  });

  test('the same seed does the same', async () => {
    expect(await run(7)).toEqual(await run(7));
  });

  test.each(Object.entries(defects))('outside row B.3: %s: that is found', async (_, defect) => {
    for (const seed of seeds.slice(0, mostForADefect)) {
      if ((await run(seed, defect)).violation !== undefined) return;
    }
    throw new Error(`no violation in ${mostForADefect} seeds`);
  });
});
