import { open, type FileHandle } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startCommand } from './command-run.test-support.ts';
import { aList, aResult, aUser, SmallCentral } from './small-central.test-support.ts';

let central: SmallCentral;
let full: FileHandle;
let env: Record<string, string>;

beforeEach(async () => {
  central = new SmallCentral();
  await central.start();
  full = await open('/dev/full', 'w');
  env = { AMBIT_CONFIG_DIR: '/nonexistent', AMBIT_SERVER: central.url, AMBIT_TOKEN: central.token };
});
afterEach(async () => {
  await full.close();
  await central.stop();
});

const users = (count: number) =>
  aList(
    'User',
    Array.from({ length: count }, (_, at) => ({
      ...aUser(`user-${at}`),
      status: { groups: [`${'a-long-name-of-a-group-'.repeat(3)}1`, 'ben'], conditions: [] },
    })),
  );

describe('standard output', () => {
  test('outside case 16: what a program reads is not cut', async () => {
    central.answers = { listUsers: () => users(2) };
    const { out, code } = await startCommand(['get', 'users'], { env }).finished;
    expect(code).toBe(0);
    expect(out.match(/group-1,ben/g)).toHaveLength(2);
    expect(out).not.toContain('…');
  });

  test.each([
    ['a table', ['get', 'users']],
    ['JSON', ['get', 'users', '-o', 'json']],
    ['help', ['--help']],
    ['a completion', ['completion', 'bash']],
    ['what was applied', ['apply', '-f', '-']],
  ])('outside case 23: %s on a full disk is one sentence and no success', async (_, args) => {
    const objects = [{ kind: 'User', name: 'alice', action: 'created' }];
    central.answers = { listUsers: () => users(2), apply: () => aResult({ objects }) };
    const input = 'apiVersion: ambit.dev/v1\nkind: User\nmetadata: {name: alice}\n';
    const run = await startCommand(args, { env, input, output: full.fd }).finished;
    expect(run.err).toMatch(/^error: standard output cannot be written: .*\(ENOSPC\).*\n$/);
    expect(run.code).toBe(1);
  });

  test('outside case 23: a reader that goes away in the middle is no failure and no stack trace', async () => {
    central.answers = { listUsers: () => users(400) };
    const running = startCommand(['get', 'users', '-o', 'json'], { env });
    running.child.stdout?.once('data', () => running.child.stdout?.destroy());
    const run = await running.finished;
    expect({ code: run.code, err: run.err }).toEqual({ code: 0, err: '' });
  });
});
