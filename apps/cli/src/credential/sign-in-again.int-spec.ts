import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AppError } from '@ambit/kernel';
import { eventually } from '@ambit/testing';
import { signInAgain, type SignInTerminal } from './sign-in-again.ts';

const server = 'https://ambit.acme.example';
const over = new AppError('session_ended', 'The session of user/ada was ended.');
const interactive = JSON.stringify({ spec: { interactive: true } });
let folder: string;
let ran: (readonly string[])[];
let said: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-again-'));
  ran = [];
  said = [];
  await profiles({ work: { server, session: { id: 's', actor: 'user/ada', expiresAt: later } } });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const later = '2099-01-01T00:00:00Z';

async function profiles(all: object, currentProfile = 'work'): Promise<void> {
  await mkdir(join(folder, 'config'), { recursive: true, mode: 0o700 });
  const text = JSON.stringify({ currentProfile, profiles: all });
  await writeFile(join(folder, 'config', 'config.yaml'), text, { mode: 0o600 });
}

/** A terminal with somebody at it, unless told. */
function terminal(
  more: Partial<SignInTerminal> = {},
  env: Record<string, string> = {},
): SignInTerminal {
  return {
    env: {
      AMBIT_CONFIG_DIR: join(folder, 'config'),
      AMBIT_STATE_DIR: join(folder, 'state'),
      KUBERNETES_EXEC_INFO: interactive,
      ...env,
    },
    seen: true,
    say: (line) => said.push(line),
    run: async (words) => ran.push(words) > 0,
    ...more,
  };
}

describe('a session that is over while kubectl waits', () => {
  test('is begun again by whoever sits there, into the profile that it was of', async () => {
    expect(await signInAgain(over, server, terminal())).toBe(true);
    expect(ran).toEqual([['login', server, '--profile', 'work']]);
    expect(said).toEqual([
      'ambit: The session of user/ada was ended: signing in again (Ctrl-C leaves it)',
    ]);
    const failed = terminal({ run: async () => false });
    expect(await signInAgain(over, server, failed)).toBe(false);
  });

  test.each<[string, Partial<SignInTerminal>, Record<string, string>]>([
    ['nobody reads what is said', { seen: false }, {}],
    ['kubectl has no person at its input', {}, { KUBERNETES_EXEC_INFO: '{"spec":{}}' }],
    ['nobody says whether there is one', {}, { KUBERNETES_EXEC_INFO: '' }],
    ['what is said of it is no JSON', {}, { KUBERNETES_EXEC_INFO: '{' }],
    ['a token of the environment was refused', {}, { AMBIT_TOKEN: 'ambs_x' }],
  ])('case U10: opens nothing when %s', async (_, more, env) => {
    expect(await signInAgain(over, server, terminal(more, env))).toBe(false);
    expect(ran).toEqual([]);
  });

  test('opens nothing for a server that this account never was signed in to, nor for a pipeline', async () => {
    expect(await signInAgain(over, 'https://evil.example', terminal())).toBe(false);
    const actor = 'service/deploy';
    await profiles({ work: { server, session: { id: 's', actor, expiresAt: later } } });
    expect(await signInAgain(over, server, terminal())).toBe(false);
    expect(ran).toEqual([]);
  });

  test('opens nothing for any other failure: only a session is got by signing in', async () => {
    for (const code of ['no_access', 'server_unreachable', 'internal'] as const)
      expect(await signInAgain(new AppError(code, 'x'), server, terminal())).toBe(false);
    expect(await signInAgain(new Error('x'), server, terminal())).toBe(false);
    expect(ran).toEqual([]);
  });

  test('of twenty at once one asks', async () => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const waits = terminal({
      run: async (words) => {
        ran.push(words);
        return promise;
      },
    });
    let refused = 0;
    const all = Array.from({ length: 20 }, async () => {
      const signedIn = await signInAgain(over, server, waits);
      if (!signedIn) refused++;
      return signedIn;
    });
    await eventually(async () => expect(refused).toBe(19));
    resolve(true);
    const done = await Promise.all(all);
    expect(done.filter(Boolean)).toHaveLength(1);
    expect(ran).toHaveLength(1);
  });
});
