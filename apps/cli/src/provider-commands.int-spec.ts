import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AppError } from '@ambit/kernel';
import { runCaptured, type Captured } from './captured-run.test-support.ts';
import { aList, SmallCentral } from './small-central.test-support.ts';

let folder: string;
let central: SmallCentral;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-provider-'));
  central = new SmallCentral();
  await central.start();
});
afterEach(async () => {
  await central.stop();
  await rm(folder, { recursive: true, force: true });
});

const ambit = (...args: string[]): Promise<Captured> =>
  runCaptured(args, {
    env: {
      AMBIT_CONFIG_DIR: folder,
      AMBIT_SERVER: central.url,
      AMBIT_TOKEN: central.token,
      PATH: '',
    },
  });

const url = 'https://ambit.acme.io/sign-in/test/abc';
const waiting = {
  kind: 'ProviderTest',
  id: 'abc',
  provider: 'okta',
  state: 'Waiting',
  expiresAt: new Date(Date.now() + 600_000).toISOString(),
};
const preview = {
  issuer: 'https://acme.okta.com',
  subject: '00u1',
  claims: { email: 'ada@acme.io', groups: ['On call\u001b[31m'] },
  person: { name: 'ada@acme.io', how: 'Email', isNew: false },
  groups: [
    { group: 'oncall', rules: [0] },
    { group: 'root', rules: [1, 2], refused: 'it is closed' },
  ],
  joins: ['oncall'],
  leaves: [],
  access: [{ grant: 'pay', role: 'edit', group: 'oncall' }],
  notes: [],
};

/** Central answers with these, one after the other, and goes on with the last. */
function answers(...tests: readonly object[]): void {
  let asked = 0;
  central.answers = {
    startProviderTest: () => ({ ...waiting, url }),
    getProviderTest: () => tests[Math.min(asked++, tests.length - 1)],
  };
}

describe('idp test', () => {
  test('prints a link, waits for somebody to sign in there, and shows what would come of it', async () => {
    answers(waiting, { ...waiting, state: 'Done', preview });
    const run = await ambit('idp', 'test', 'okta');
    expect(run).toMatchObject({ code: 0, err: expect.stringContaining(url) });
    expect(run.out).toBe(
      [
        'Comes in as:  user/ada@acme.io (by the verified e-mail address)',
        'Groups:       oncall (rule 0)',
        '              root (rule 1, 2): not given, it is closed',
        'Would join:   oncall',
        'Would leave:  none',
        'Access:       edit by grant/pay through group/oncall',
        'Notes:        none',
        'Issuer:       https://acme.okta.com',
        'Subject:      00u1',
        'Claims:       email: "ada@acme.io"',
        '              groups: ["On call\\u001b[31m"]',
        '',
      ].join('\n'),
    );
    expect(central.operations()).toEqual([
      'startProviderTest',
      'getProviderTest',
      'getProviderTest',
    ]);
  });

  test('O2: an id of a group is told with its name in the directory', async () => {
    const id = '6f3a1c52-0d1e-4b8a-9d0e-1f2a3b4c5d6e';
    const namedById = [{ id, displayName: 'On Call', group: 'on-call' }];
    answers({ ...waiting, state: 'Done', preview: { ...preview, namedById } });
    const { out } = await ambit('idp', 'test', 'okta');
    expect(out).toContain(
      `Named by id:  ${id} is "On Call" in the directory, group/on-call here\n`,
    );
  });

  test('says why somebody would not come in, with the exit code for scripts', async () => {
    const { person: _, ...nobody } = preview;
    const refusal = { message: 'Nobody is linked.', hint: 'Ask ada.' };
    answers({ ...waiting, state: 'Done', preview: { ...nobody, refusal } });
    const run = await ambit('idp', 'test', 'okta');
    expect(run).toMatchObject({ code: 4 });
    expect(run.out).toContain('Comes in as:  nobody: Nobody is linked. Ask ada.\n');
    const known = { ...preview, refusal };
    answers({ ...waiting, state: 'Done', preview: known });
    expect(await ambit('idp', 'test', 'okta', '-o', 'json')).toMatchObject({ code: 4 });
  });

  test('says what the provider did wrong', async () => {
    answers({ ...waiting, state: 'Failed', why: 'its ID token is not good: "nonce"' });
    const run = await ambit('idp', 'test', 'okta');
    expect(run).toMatchObject({ code: 4, out: '' });
    expect(run.err).toMatch(/okta let nobody in[^]*its ID token is not good/);
  });

  test('ends when nobody signs in, and for a provider that there is not', async () => {
    const expiresAt = new Date(Date.now() - 1_000).toISOString();
    central.answers = { startProviderTest: () => ({ ...waiting, url, expiresAt }) };
    expect(await ambit('idp', 'test', 'okta')).toMatchObject({
      code: 9,
      err: expect.stringContaining('ambit idp test okta'),
    });
    central.answers = {
      startProviderTest: () => {
        throw new AppError('not_found', 'There is no IdentityProvider okta.');
      },
    };
    expect(await ambit('idp', 'test', 'okta')).toMatchObject({ code: 5 });
  });
});

describe('directory', () => {
  const corp = {
    provider: 'corp',
    state: 'stopped',
    users: 120,
    activeUsers: 99,
    groups: 3,
    memberships: 140,
    lastCallAt: new Date(Date.now() - 5_000).toISOString(),
    stoppedBecause: 'corp would have taken 31 of its 120 people away within ten minutes.',
  };

  test('status tells how each does, and of one that was stopped what lets it go on', async () => {
    central.answers = { listDirectories: () => aList('Directory', [corp]) };
    const { code, out, err } = await ambit('directory', 'status');
    expect(code).toBe(0);
    expect(out).toMatch(/^PROVIDER +STATE +USERS +GROUPS +MEMBERSHIPS +LAST-CALL/);
    expect(out).toMatch(/\ncorp +stopped +99\/120 +3 +140 +\d+s/);
    expect(err).toContain('corp takes nothing away any more: corp would have taken 31');
    expect(err).toContain('ambit directory resume corp');
    central.answers = { listDirectories: () => aList('Directory', []) };
    expect((await ambit('directory', 'status')).err).toContain('No provider names a service');
  });

  test('resume says for how long nothing stops it, and status too', async () => {
    const { stoppedBecause: _, ...running } = corp;
    const resumedUntil = new Date(Date.now() + 3_600_000).toISOString();
    const resumed = { ...running, state: 'running', resumedUntil };
    central.answers = {
      resumeDirectory: ({ params }) => ({ ...resumed, provider: params['name'] }),
      getDirectory: () => resumed,
    };
    expect((await ambit('directory', 'resume', 'corp')).out).toBe(
      'directory of corp goes on; what it takes away passes, and is bound again in 60m\n',
    );
    const status = await ambit('directory', 'status', 'corp');
    expect(status.err).toContain('corp is bound again in 60m');
    expect(status.err).not.toContain('ambit directory resume');
  });
});
