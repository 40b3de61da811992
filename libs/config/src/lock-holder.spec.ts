import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockHolderIsDead, noteLockHolder } from './lock-holder.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-lock-'));
});
afterEach(() => rm(folder, { recursive: true }));

const holder = (): Promise<string> => readFile(join(folder, 'lock.holder'), 'utf8');
const heldBy = (text: string): Promise<void> => writeFile(join(folder, 'lock.holder'), text);

describe('who holds the lock of a folder', () => {
  test('lives as long as the process does', async () => {
    await noteLockHolder(folder);
    expect(await lockHolderIsDead(folder)).toBe(false);
  });

  test('is dead when another program got its pid, or this one after a restart of the machine', async () => {
    await noteLockHolder(folder);
    const [host, pid] = (await holder()).split(' ');
    await heldBy(`${host} ${pid} another-start\n`);
    expect(await lockHolderIsDead(folder)).toBe(true);
  });

  test('is dead as a zombie: killed, and nobody has waited for it', async () => {
    // The shell becomes a program that waits for nobody, as a container without an init does.
    const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const [line] = (await once(parent.stdout, 'data')) as [Buffer];
      const pid = Number(line.toString());
      await noteLockHolder(folder, pid);
      expect(await lockHolderIsDead(folder)).toBe(false);
      process.kill(pid, 'SIGKILL');
      await untilDead();
      expect(() => process.kill(pid, 0)).not.toThrow();
    } finally {
      parent.kill('SIGKILL');
    }
  });

  test('is dead when no process has its pid', async () => {
    const child = spawn('true');
    await once(child, 'exit');
    await heldBy(`${hostname()} ${child.pid}\n`);
    expect(await lockHolderIsDead(folder)).toBe(true);
  });

  test('of another machine, or in words nobody wrote, is not known to be dead', async () => {
    expect(await lockHolderIsDead(folder)).toBe(false);
    for (const text of ['elsewhere 1 x', '', hostname(), `${hostname()} -1`, `${hostname()} a b`]) {
      await heldBy(text);
      expect([text, await lockHolderIsDead(folder)]).toEqual([text, false]);
    }
  });
});

async function untilDead(): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await lockHolderIsDead(folder)) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error('it counts as alive');
}
