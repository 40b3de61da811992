import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ManagedProcess } from './managed-process.ts';
import { PortTaken, waitUntil } from './wait-until.ts';

let folder: string;
let started: ManagedProcess[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-wait-'));
  started = [];
  for (const name of ['logs', 'pids']) await mkdir(join(folder, name));
});
afterEach(async () => {
  await Promise.all(started.map((process) => process.stop(100)));
  await rm(folder, { recursive: true, force: true });
});

function run(script: string): ManagedProcess {
  const process = new ManagedProcess({
    name: 'program',
    program: '/bin/sh',
    args: ['-c', script],
    environment: { PATH: '/usr/bin:/bin' },
    folder,
  });
  started.push(process);
  return process;
}

function ready(
  process: ManagedProcess,
  withinMs: number,
  probe: () => Promise<boolean>,
): Promise<void> {
  return waitUntil({
    what: 'it was ready',
    process,
    deadline: performance.now() + withinMs,
    probe,
  });
}

test('a program that ends shows its last lines', async () => {
  const process = run('echo first; echo "cannot open database" >&2; exit 3');
  await expect(ready(process, 10_000, async () => false)).rejects.toMatchObject({
    code: 'not_ready',
    message: expect.stringMatching(
      /^program ended \(exit code 3\) before it was ready.*\nfirst\ncannot open database$/s,
    ),
  });
});

test('a program that lost its port is told apart, so that other ports are tried', async () => {
  const process = run('echo "listen tcp 127.0.0.1:80: bind: address already in use"; exit 1');
  await expect(ready(process, 10_000, async () => false)).rejects.toBeInstanceOf(PortTaken);
});

test('at the deadline the last state and the last lines are shown', async () => {
  const process = run('echo starting; exec sleep 60');
  const probe = async (): Promise<boolean> => {
    throw new Error('/readyz answered 500');
  };
  await expect(ready(process, 300, probe)).rejects.toMatchObject({
    message: expect.stringMatching(/\(last seen: \/readyz answered 500\).*\nstarting$/s),
  });
});

test('a program that ignores SIGTERM is killed after its grace', async () => {
  const process = run('trap "" TERM; echo up; while :; do sleep 0.05; done');
  await ready(process, 5_000, async () => (await process.logged(/up/)) !== undefined);
  await process.stop(100);
  expect(process.alive).toBe(false);
  expect(process.exit).toBe('SIGKILL');
});
