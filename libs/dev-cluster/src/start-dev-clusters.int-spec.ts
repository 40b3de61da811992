import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { DevClusters, Progress } from './dev-cluster.ts';
import type { Environment } from '@ambit/config';
import { devClusterSettings } from './settings.ts';
import { startDevClusters } from './start-dev-clusters.ts';

let folder: string;
let told: Progress[];
let running: DevClusters | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-clusters-'));
  told = [];
  running = undefined;
});
afterEach(async () => {
  await running?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** No way to real programs: an empty cache, no network, no Go. */
async function start(
  environment: Environment,
  names = ['prod-eu', 'staging-eu'],
): Promise<DevClusters> {
  running = await startDevClusters({
    names,
    settings: devClusterSettings({
      AMBIT_CACHE_DIR: join(folder, 'cache'),
      AMBIT_OFFLINE: '1',
      PATH: folder,
      ...environment,
    }),
    onProgress: (progress) => told.push(progress),
  });
  return running;
}

describe('where no real Kubernetes can be had', () => {
  test('auto falls back to simulated clusters and says why', async () => {
    const clusters = await start({});
    expect(clusters.kind).toBe('simulated');
    expect(clusters.clusters.map(({ name }) => name)).toEqual(['prod-eu', 'staging-eu']);
    expect(clusters.reasons).toEqual([
      'AMBIT_OFFLINE=1 forbids the download.',
      expect.stringContaining('There is no Go on this machine'),
    ]);
    expect(told.at(-1)).toMatchObject({
      phase: 'fallback',
      message: expect.stringContaining('simulated'),
    });
  });

  test.each([{ AMBIT_REQUIRE_KUBERNETES: '1' }, { AMBIT_KUBERNETES: 'real' }])(
    '%j makes that an error with the next step',
    async (environment) => {
      await expect(start(environment)).rejects.toMatchObject({
        code: 'kubernetes_unavailable',
        extras: { hint: expect.stringContaining('KUBEBUILDER_ASSETS') },
      });
    },
  );
});

test('simulated clusters are started without looking for anything', async () => {
  const clusters = await start({ AMBIT_KUBERNETES: 'simulated' }, ['alone']);
  expect(told).toEqual([]);
  expect(clusters.cluster('alone').server).toMatch(/^https:\/\/127\.0\.0\.1:/);
  expect(await readdir(folder)).toEqual([]);
});

test('names that are no names, or twice the same, are refused before anything starts', async () => {
  await expect(start({}, ['Prod'])).rejects.toMatchObject({ code: 'invalid_name' });
  await expect(start({}, ['../x'])).rejects.toMatchObject({ code: 'invalid_name' });
  await expect(start({}, ['a', 'a'])).rejects.toThrow(/under one name/);
});
