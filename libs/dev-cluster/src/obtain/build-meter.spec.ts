import { describe, expect, test } from '@jest/globals';
import type { Progress } from '../dev-cluster.ts';
import { BuildMeter } from './build-meter.ts';

function aMeter(): { meter: BuildMeter; told: Progress[]; pass: (seconds: number) => void } {
  let now = 0;
  const told: Progress[] = [];
  const meter = new BuildMeter({
    onProgress: (progress) => told.push(progress),
    cores: 2,
    coreSeconds: 600,
    now: () => now,
  });
  return { meter, told, pass: (seconds) => (now += seconds * 1000) };
}

describe('the meter of a build', () => {
  test('counts modules as they come and starts with a guess by cores', () => {
    const { meter, told, pass } = aMeter();
    meter.moduleLine('go: downloading k8s.io/api v0.36.2');
    pass(2);
    meter.moduleLine('something else');
    meter.moduleLine('go: downloading k8s.io/client-go v0.36.2');
    expect(told.at(-1)).toEqual({
      phase: 'build',
      message: 'fetching Go modules: 2 so far, 2s',
      etaSeconds: 298,
    });
  });

  test('says how many packages of the total are compiled and what that means for the rest', () => {
    const { meter, told, pass } = aMeter();
    meter.packages(1000);
    pass(60);
    for (let n = 0; n < 500; n += 1) meter.packageLine(`k8s.io/package/${n}`);
    pass(40);
    meter.tell();
    // Half took 100 s, so 100 s more and 60 s of linking; 40 % was said before, and it never goes back.
    expect(told.at(-1)).toEqual({
      phase: 'build',
      message: 'compiled 500 of 1000 packages, 1m40s',
      percent: 40,
      etaSeconds: 160,
    });
  });

  test('expects little more than linking where nearly everything was compiled before', () => {
    const { meter, told, pass } = aMeter();
    meter.packages(4);
    pass(20);
    meter.packageLine('main');
    meter.tell();
    expect(told.at(-1)).toMatchObject({ percent: 33, etaSeconds: 41 });
  });

  test('never says more than was compiled, nor an end in the past', () => {
    const { meter, told, pass } = aMeter();
    meter.packages(2);
    for (let n = 0; n < 5; n += 1) meter.packageLine(`p${n}`);
    pass(2000);
    meter.tell();
    expect(told.at(-1)).toMatchObject({ message: 'linking, 33m20s', percent: 99 });
    expect(told.every(({ etaSeconds }) => (etaSeconds ?? 0) >= 1)).toBe(true);
    meter.done();
    expect(told.at(-1)).toMatchObject({ percent: 100, etaSeconds: 0 });
  });

  test('does not flood: lines within a second are told once', () => {
    const { meter, told } = aMeter();
    meter.packages(100);
    for (let n = 0; n < 90; n += 1) meter.packageLine(`p${n}`);
    expect(told).toHaveLength(1);
  });
});
