import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockFolder } from './lock-folder.ts';
import type { ReleaseFolder } from './lock-folder.ts';

const times = { staleMs: 60_000, refreshMs: 5_000 };
let folder: string;
let held: ReleaseFolder | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-lock-'));
});
afterEach(async () => {
  await held?.().catch(() => undefined);
  held = undefined;
  await rm(folder, { recursive: true });
});

test('a folder is of one holder, until that gives it back', async () => {
  held = await lockFolder(folder, times);
  expect(held).toBeDefined();
  expect(await lockFolder(folder, times)).toBeUndefined();
  await held?.();
  held = await lockFolder(folder, times);
  expect(held).toBeDefined();
});

test('who was killed holds it no more, however fresh the lock looks; of another machine that is not known', async () => {
  await lockFolder(folder, times, () => undefined);
  await writeFile(join(folder, 'lock.holder'), 'elsewhere 1 mark\n');
  expect(await lockFolder(folder, times)).toBeUndefined();
  const child = spawn('true');
  await once(child, 'exit');
  await writeFile(join(folder, 'lock.holder'), `${hostname()} ${child.pid} mark\n`);
  held = await lockFolder(folder, times);
  expect(held).toBeDefined();
});

test.each([
  ['a file', (path: string) => writeFile(path, '')],
  ['a link', (path: string) => symlink(tmpdir(), path)],
])('%s in place of the lock is told and not waited for', async (_, make) => {
  await make(join(folder, 'lock'));
  await expect(lockFolder(folder, times)).rejects.toMatchObject({
    code: 'storage_unwritable',
    extras: { hint: 'Remove it.' },
  });
});
