import { expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@ambit/testing';
import { binding, inScene } from '../../test/agent-scene.ts';
import { systemCode } from './durable-file.ts';

/** Programs of the system, not of a package. */
const system = { mount: 'mount', umount: 'umount' };

/** A file system of its own, or the reason why there is none. */
function mountSmall(folder: string, bytes: number): string | undefined {
  try {
    execFileSync(system.mount, ['-t', 'tmpfs', '-o', `size=${bytes},mode=700`, 'tmpfs', folder], {
      stdio: 'pipe',
    });
    return undefined;
  } catch (error) {
    return `no small file system can be mounted here: ${String(error).split('\n')[0]}`;
  }
}

async function fill(path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (const size of [65_536, 4_096, 1]) {
      for (;;) await file.write(Buffer.alloc(size));
    }
  } catch (error) {
    if (systemCode(error) !== 'ENOSPC') throw error;
  } finally {
    await file.close();
  }
}

test(
  'on a full disk access is still taken away, nothing is given, and a restart brings nothing back',
  inScene(async (scene) => {
    const { central } = scene;
    const disk = join(scene.folder, 'disk');
    await mkdir(disk);
    const reason = mountSmall(disk, 12 * 1024 ** 2);
    if (reason !== undefined) {
      process.stdout.write(`skipped: ${reason}\n`);
      return;
    }
    const env = { AMBIT_DATA_DIR: disk };
    try {
      central.commit([binding('a', ['ada', 'ben'])]);
      const first = await scene.start({ ...env, AMBIT_JOIN_TOKEN: central.registrar.joinToken() });
      await scene.holds('ambit:ada', 'ambit:ben');
      await central.stop();
      await fill(join(disk, 'filler'));
      central.commit([binding('a', ['ada', 'cleo'])]);
      await central.listen();
      await eventually(() => expect(central.told.refused.at(-1)?.code).toBe('storage_full'));
      await scene.holds('ambit:ada');
      await eventually(() =>
        expect(central.told.statuses.at(-1)?.conditions).toEqual(
          expect.arrayContaining(['STORAGE_FULL', 'STATE_STALE']),
        ),
      );
      await central.stop();
      await scene.stop(first);
      const second = await scene.start(env);
      await eventually(async () => {
        const answer = await fetch(`${second.healthUrl}/readyz?verbose`);
        expect(await answer.text()).toContain('[+] lists');
      });
      expect(await scene.subjects()).toEqual(['ambit:ada']);
      await rm(join(disk, 'filler'));
      await central.listen();
      await scene.holds('ambit:ada', 'ambit:cleo');
      await eventually(() =>
        expect(central.told.statuses.at(-1)?.conditions).toEqual(['ADMISSION_POLICY_UNSUPPORTED']),
      );
      await scene.stop(second);
      const types = central.audit.types;
      expect(types.filter((type) => type.startsWith('gap'))).toEqual([]);
      expect(types).toContain('agent.state_refused');
    } finally {
      await scene.stopAll();
      execFileSync(system.umount, [disk]);
    }
  }),
);
