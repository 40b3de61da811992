import { chmod, chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runProgram, type ProgramResult, type programs } from '../support/run-program.ts';

/** A uid that containers are given at random and no machine has an account for. */
const uid = 54_321;

/** As such a user, with these variables and no others. */
function run(
  program: keyof typeof programs,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ProgramResult> {
  return runProgram(program, args, { uid, env: { HOME: undefined, ...env } });
}

// Only root may run programs as somebody else, and the checkout may lie where nobody else can look.
const able = process.getuid?.() === 0 && (await run('cli', ['--version'])).exitCode === 0;
const testAsNobody = able ? test : test.skip;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-no-account-'));
  if (!able) return;
  await chmod(folder, 0o755);
  await mkdir(join(folder, 'open'));
  await chown(join(folder, 'open'), uid, uid);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('outside case 19: a user without an account, a home or a folder is told what to set', () => {
  testAsNobody('ambit works with server and token, and names the folder otherwise', async () => {
    const given = { AMBIT_SERVER: 'http://127.0.0.1:1', AMBIT_TOKEN: 'amb_none_at_all' };
    for (const env of [given, { ...given, HOME: folder }, { ...given, HOME: '/dev/null' }]) {
      const { stderr } = await run('cli', ['whoami'], env);
      expect(stderr).toContain('cannot reach central at http://127.0.0.1:1');
    }
    for (const command of [['whoami'], ['get', 'users'], ['config', 'list'], ['logout']]) {
      const { exitCode, stderr } = await run('cli', command);
      expect({ exitCode, stderr }).toEqual({
        exitCode: 2,
        stderr: expect.stringContaining('Set HOME, or AMBIT_CONFIG_DIR'),
      });
    }
    expect((await run('cli', ['whoami'])).stderr).toContain('AMBIT_SERVER and AMBIT_TOKEN');
  });

  testAsNobody('central and agent name the data folder', async () => {
    for (const program of ['central', 'agent'] as const) {
      const homeless = await run(program, []);
      expect(homeless).toMatchObject({
        exitCode: 78,
        stderr: expect.stringContaining('Set HOME, or AMBIT_DATA_DIR to an absolute path.'),
      });
    }
    const closed = await run('central', [], { AMBIT_DATA_DIR: join(folder, 'mine') });
    expect(closed.stderr).toContain(`${join(folder, 'mine', 'central')} cannot be used`);
    expect(closed.stderr).toContain('EACCES: permission denied');
  });

  testAsNobody(
    'the embedded database says that it needs an account, or another database',
    async () => {
      const dataDir = join(folder, 'open', 'data');
      const { exitCode, stderr } = await run('central', [], { AMBIT_DATA_DIR: dataDir });
      expect(exitCode).toBe(1);
      expect(stderr).toContain(`this machine has no account with the uid ${uid}`);
      expect(stderr).toContain('AMBIT_DATABASE_URL');
    },
  );
});
