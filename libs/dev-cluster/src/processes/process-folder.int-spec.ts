import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventually } from '@ambit/testing';
import { processesOf } from './processes-of.ts';
import { ProcessFolder } from './process-folder.ts';

let root: string;
let path: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ambit-folder-'));
  path = join(root, 'own');
});
afterEach(() => rm(root, { recursive: true, force: true }));

const environment = { PATH: '/usr/bin:/bin' };

test('programs and files go away together, stubborn children of programs too', async () => {
  const folder = await ProcessFolder.create(path);
  const child = `trap '' TERM; while :; do sleep 0.05; : ${path}; done`;
  const script = `sh -c "${child}" & echo started; wait`;
  const program = { name: 'parent', program: '/bin/sh', args: ['-c', script], environment };
  const parent = folder.start(program);
  await eventually(async () => expect(await parent.logged(/started/)).toBe('started'));
  expect((await processesOf(path)).length).toBeGreaterThan(1);
  await folder.clean(2_000);
  await folder.clean(2_000);
  expect(existsSync(path)).toBe(false);
  await eventually(async () => expect(await processesOf(path)).toEqual([]));
});

test('a kept folder keeps its files', async () => {
  await mkdir(path);
  await writeFile(join(path, 'mine'), '');
  const folder = await ProcessFolder.create(path, { keep: true });
  await folder.clean(100);
  expect((await readdir(path)).toSorted()).toEqual(['logs', 'mine']);
});

test('a folder of somebody else is refused, not removed', async () => {
  await mkdir(path);
  await writeFile(join(path, 'mine'), '');
  await expect(ProcessFolder.create(path)).rejects.toMatchObject({ code: 'storage_unwritable' });
  expect(await readdir(path)).toEqual(['mine']);
});
