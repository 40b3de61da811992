import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCaptured, type Captured, type CapturedOptions } from './captured-run.test-support.ts';
import { aList, aUser, SmallCentral } from './small-central.test-support.ts';

let folder: string;
let central: SmallCentral;
let env: Record<string, string>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-cli-'));
  env = { AMBIT_CONFIG_DIR: join(folder, 'config'), AMBIT_CACHE_DIR: join(folder, 'cache') };
  central = new SmallCentral();
  await central.start();
  central.answers = {
    getMe: () => ({
      kind: 'Me',
      actor: 'token/ada',
      role: 'admin',
      permissions: ['users:read'],
      tokenId: 't1',
    }),
    listUsers: () => aList('User', [aUser('alice'), aUser('bob')]),
  };
});
afterEach(async () => {
  await central.stop();
  await rm(folder, { recursive: true, force: true });
});

const ambit = (args: readonly string[], more: Partial<CapturedOptions> = {}): Promise<Captured> =>
  runCaptured(args, { env, ...more });

const signIn = () =>
  ambit(['login', central.url, '--token-file', '-'], { input: `${central.token}\n` });

describe('login', () => {
  test('checks the token, keeps it for this account alone, and it works from then on', async () => {
    const run = await signIn();
    expect(run).toMatchObject({
      code: 0,
      out: `signed in to ${central.url} as token/ada (admin)\n`,
    });
    const path = join(folder, 'config', 'config.yaml');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, 'utf8')).toContain(central.token);
    expect((await ambit(['get', 'users', '-o', 'name'])).out).toBe('user/alice\nuser/bob\n');
    expect((await ambit(['whoami'])).out).toContain(central.url);
  });

  test('case b51: the token is never told and never in a URL, whichever way it comes', async () => {
    const file = join(folder, 'token');
    await writeFile(file, central.token);
    const runs = [
      await signIn(),
      await ambit(['login', central.url, '--token-file', file]),
      await ambit(['login', central.url], { env: { ...env, AMBIT_TOKEN: central.token } }),
      await ambit(['whoami']),
      await ambit(['config', 'list']),
      await ambit(['get', 'users', '-o', 'json']),
      await ambit(['get', 'group', 'nothing'], { env: { ...env, AMBIT_DEBUG: '1' } }),
    ];
    expect(runs.map(({ out, err }) => out + err).join('')).not.toContain('canary');
    expect(central.urls.join(' ')).not.toContain('canary');
    expect((await ambit(['login', '--help'])).out).not.toMatch(/--token[ =]/);
  });

  test('a token that central refuses is not kept', async () => {
    const run = await ambit(['login', central.url, '--token-file', '-'], {
      input: 'amb_wrong_token\n',
    });
    expect(run.code).toBe(3);
    expect((await ambit(['get', 'users'])).code).toBe(3);
  });

  test('case 72: where nobody can be asked it ends with a text instead of hanging', async () => {
    const run = await ambit(['login', central.url]);
    expect(run.code).toBe(2);
    expect(run.err).toContain('--token-file - for standard input');
  });

  test('signing in to a second central leaves the current profile as it is', async () => {
    await signIn();
    const run = await ambit(['login', central.url, '--profile', 'other', '--token-file', '-'], {
      input: central.token,
    });
    expect(run.err).toContain('the current profile is still "default"; ambit config use other');
    expect((await ambit(['config', 'list'])).out).toMatch(/default +yes.*\nother +no/);
    expect((await ambit(['config', 'use', 'other'])).out).toBe(
      'current profile: default -> other\n',
    );
  });

  test('logout forgets the token and says what it does not do', async () => {
    await signIn();
    const run = await ambit(['logout']);
    expect(run.err).toContain('ambit token revoke');
    expect(await readFile(join(folder, 'config', 'config.yaml'), 'utf8')).not.toContain('canary');
    const after = await ambit(['get', 'users']);
    expect(after.code).toBe(3);
    expect(after.err).toContain(`next: ambit login ${central.url}\n`);
  });
});

describe('tokens', () => {
  const token = (name: string, state = 'active', id = name) => ({
    id,
    name,
    role: 'viewer',
    state,
    createdAt: '2026-01-01T00:00:00Z',
    expiresAt: '2036-01-01T00:00:00Z',
  });

  test('one is made with an end, and alone on stdout', async () => {
    central.answers['createApiToken'] = () => ({
      kind: 'ApiTokenCreated',
      token: 'amb_new',
      apiToken: token('ci'),
    });
    await signIn();
    const run = await ambit(['token', 'create', 'ci', '--role', 'viewer']);
    expect(run).toMatchObject({ code: 0, out: 'amb_new\n' });
    expect(central.bodyOf('createApiToken')).toMatchObject({ ttlSeconds: 90 * 86_400 });
    expect((await ambit(['token', 'create', 'ci', '--role', 'admn'])).err).toContain(
      'did you mean admin?',
    );
    expect((await ambit(['token', 'create', 'ci', '--role', 'viewer', '--ttl', '366d'])).code).toBe(
      2,
    );
  });

  test('one is revoked by its name: the live one, not an older of that name', async () => {
    central.answers['listApiTokens'] = () =>
      aList('ApiToken', [token('ci', 'revoked', 'old'), token('ci', 'active', 'new')]);
    central.answers['revokeApiToken'] = () => token('ci', 'revoked', 'new');
    await signIn();
    expect((await ambit(['token', 'revoke', 'ci'])).out).toBe('token/ci revoked\n');
    expect(central.calls.at(-1)?.params).toEqual({ id: 'new' });
    expect((await ambit(['token', 'revoke', 'cj'])).err).toContain('did you mean ci?');
  });
});

describe('static tokens of services', () => {
  const serviceToken = (state = 'active') => ({
    id: 's1',
    name: 'ci',
    service: 'deploy',
    state,
    createdAt: '2026-11-20T08:00:00Z',
    expiresAt: '2099-01-01T00:00:00Z',
  });

  test('one is made with an end that has to be said, and alone on stdout', async () => {
    central.answers['createServiceToken'] = () => ({
      kind: 'ServiceTokenCreated',
      token: 'ambs_new',
      serviceToken: serviceToken(),
    });
    await signIn();
    const made = ['service', 'token', 'create', 'deploy', 'ci'];
    expect(await ambit([...made, '--ttl', '30d'])).toMatchObject({ code: 0, out: 'ambs_new\n' });
    expect(central.calls.at(-1)?.params).toEqual({ name: 'deploy' });
    expect(central.bodyOf('createServiceToken')).toEqual({ name: 'ci', ttlSeconds: 30 * 86_400 });
    expect(await ambit(made)).toMatchObject({ code: 2, out: '' });
    expect(await ambit([...made, '--ttl', '366d'])).toMatchObject({ code: 2, out: '' });
    const badName = ['service', 'token', 'create', 'deploy', 'C I', '--ttl', '1d'];
    expect((await ambit(badName)).err).toContain('not a name for a token');
  });

  test('they are listed without secrets and revoked by name', async () => {
    central.answers['listServiceTokens'] = () => aList('ServiceToken', [serviceToken()]);
    central.answers['revokeServiceToken'] = () => serviceToken('ended');
    await signIn();
    const listed = await ambit(['service', 'tokens', 'ls', 'deploy']);
    expect(listed.out).toMatch(/^NAME +ENDS +USED +ID +AGE\nci /);
    const revoked = await ambit(['service', 'token', 'revoke', 'deploy', 'ci']);
    expect(revoked.out).toBe('token ci of service/deploy revoked\n');
    expect(central.calls.at(-1)?.params).toEqual({ name: 'deploy', token: 'ci' });
  });
});

describe('completion', () => {
  const complete = async (...words: string[]) =>
    (await ambit(['__complete', '--', ...words])).out.split('\n').slice(0, -1);

  test('case U30: commands, kinds, options and names are completed', async () => {
    await signIn();
    expect(await complete('ap')).toEqual(['apply']);
    expect(await complete('cluster', 'r')).toEqual([
      'rm',
      'release-removals',
      'release-gains',
      'revoke-agent',
    ]);
    expect(await complete('get', 'us')).toEqual(['user', 'users']);
    expect(await complete('get', 'users', 'a')).toEqual(['alice']);
    expect(await complete('apply', '--dr')).toEqual(['--dry-run']);
    expect(await complete('can-i', 'get', 'pods', '--as', 'b')).toEqual(['bob']);
  });

  test('names are kept for a minute, and silence follows where nothing can be had', async () => {
    await signIn();
    await complete('get', 'users', '');
    await central.stop();
    expect(await complete('get', 'users', '')).toEqual(['alice', 'bob']);
    expect(await ambit(['__complete', '--', 'get', 'roles', ''])).toEqual({
      code: 0,
      out: '',
      err: '',
    });
    await central.start();
  });

  test('a name that a shell would take apart, or take for an option, is never put into a command line', async () => {
    await signIn();
    const hostile = [
      'al; touch owned #',
      'al$(touch owned)',
      'al`touch owned`',
      'al|sh',
      'al\nal2;x',
      'al*',
      '~al',
      "al'x",
      'al\\x',
      '--server=http://127.0.0.1:1',
      'al\u202ex',
    ];
    central.answers.listUsers = () =>
      aList('User', [aUser('alice'), ...hostile.map((name) => aUser(name))]);
    for (const start of ['', 'al', '-', '--server']) {
      const found = await complete('get', 'users', start);
      expect(found.filter((name) => !/^(alice|-[-a-z]+)$/.test(name))).toEqual([]);
    }
    expect(await complete('get', 'users', '')).toEqual(['alice']);
    expect(await complete('can-i', 'get', 'pods', '--as', '-')).toEqual([]);
  });

  test.each(['bash', 'zsh', 'fish'])('there is a script for %s', async (shell) => {
    expect((await ambit(['completion', shell])).out).toContain('ambit __complete --');
  });
});

describe('usage', () => {
  test.each([
    [['aply'], 'did you mean apply?'],
    [['cluster', 'stats'], 'did you mean status?'],
    [['get', 'users', '--outptu', 'json'], 'did you mean --output?'],
    [['get', 'users', '-o', 'jsno'], 'did you mean json?'],
    [['get', 'usres'], 'did you mean users?'],
    [['completion', 'bsh'], 'did you mean bash?'],
    [['apply', '-f', 'x', '--dry-run=serve'], 'known: none, client, server'],
  ])('%j is wrong usage, and the nearest is named', async (args, hint) => {
    await signIn();
    const run = await ambit(args);
    expect(run).toMatchObject({ code: 2, out: '' });
    expect(run.err).toContain(hint);
    expect(run.err).toMatch(/^error: /);
  });

  test('case U30: help goes to stdout, for every command, and names defaults and variables', async () => {
    const top = await ambit(['--help']);
    expect(top).toMatchObject({ code: 0, err: '' });
    for (const name of [
      'AMBIT_SERVER',
      'AMBIT_TOKEN',
      'AMBIT_CA_FILE',
      'AMBIT_PROFILE',
      'NO_COLOR',
    ]) {
      expect(top.out).toContain(name);
    }
    const commands = [
      'apply',
      'get',
      'grant',
      'revoke',
      'can-i',
      'who-can',
      'activity',
      'cluster',
      'token',
    ];
    for (const command of commands) {
      const run = await ambit([command, '--help']);
      expect(run).toMatchObject({ code: 0, err: '' });
      expect(run.out).toContain(`Usage: ambit ${command}`);
    }
  });

  test('tokens are listed by the word of either program', async () => {
    for (const word of ['ls', 'list']) {
      const run = await ambit(['token', word, '--help']);
      expect(run).toMatchObject({ code: 0, err: '' });
      expect(run.out).toContain('The API tokens there are');
    }
  });
});
