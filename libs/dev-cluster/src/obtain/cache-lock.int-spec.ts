import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { withCacheLock } from './cache-lock.ts';

const times = { refreshMs: 20, staleMs: 2_000, pollMs: 5 };
let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-lock-'));
  path = join(folder, 'deep', 'lock');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('one at a time, and nothing is left behind', async () => {
  let inside = 0;
  let most = 0;
  const waits: string[] = [];
  const work = async (): Promise<void> => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
  };
  const holders = Array.from({ length: 8 }, () =>
    withCacheLock(path, work, (holder) => waits.push(holder), times),
  );
  await Promise.all(holders);
  expect(most).toBe(1);
  expect(waits).toContain(`process ${process.pid}`);
  expect(await readdir(join(folder, 'deep'))).toEqual([]);
});

test('is free again after work that failed', async () => {
  const fail = (): Promise<void> => Promise.reject(new Error('broken'));
  await expect(withCacheLock(path, fail, () => undefined, times)).rejects.toThrow('broken');
  await expect(
    withCacheLock(
      path,
      async () => 7,
      () => undefined,
      times,
    ),
  ).resolves.toBe(7);
});

test('a lock that nobody refreshes is broken', async () => {
  await withCacheLock(
    path,
    async () => undefined,
    () => undefined,
    times,
  );
  await writeFile(path, 'process 4194304, lock x\n');
  const old = new Date(Date.now() - 60_000);
  await utimes(path, old, old);
  await expect(
    withCacheLock(
      path,
      async () => 7,
      () => undefined,
      times,
    ),
  ).resolves.toBe(7);
});
