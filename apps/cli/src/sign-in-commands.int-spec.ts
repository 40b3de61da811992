import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AppError } from '@ambit/kernel';
import { runCaptured, type Captured } from './captured-run.test-support.ts';
import { aList, SmallCentral } from './small-central.test-support.ts';

const runnerToken = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.Y2FuYXJ5';
const session = 'ambs_canary0_0123456789abcdef_zz';
let folder: string;
let central: SmallCentral;
let env: Record<string, string>;

const later = new Date(Date.now() + 3_000_000).toISOString();
const ambit = (args: readonly string[], more: Record<string, string> = {}): Promise<Captured> =>
  runCaptured(args, { env: { ...env, ...more } });
const login = (more: Record<string, string> = {}): Promise<Captured> =>
  ambit(['login', central.url, '--ci', '--service', 'deploy'], more);
const profiles = (): Promise<string> => readFile(join(folder, 'config', 'config.yaml'), 'utf8');
const host = (): string => new URL(central.url).host;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-sign-in-'));
  central = new SmallCentral();
  await central.start();
  env = {
    AMBIT_CONFIG_DIR: join(folder, 'config'),
    AMBIT_CACHE_DIR: join(folder, 'cache'),
    AMBIT_STATE_DIR: join(folder, 'state'),
    KUBECONFIG: join(folder, 'kube'),
    PATH: '',
  };
  central.answers = {
    exchangeToken: ({ body }) => {
      const { service } = body as { service: string };
      central.session = session;
      return {
        kind: 'SessionStarted',
        token: session,
        session: { id: 's1', expiresAt: later },
        actor: `service/${service}`,
      };
    },
    getMe: () => ({
      kind: 'Me',
      actor: 'service/deploy',
      permissions: ['self'],
      session: { id: 's1', expiresAt: later },
    }),
    listOwnClusters: () =>
      aList('OwnCluster', [
        {
          name: 'prod-eu',
          uid: '0192f0c1-0000-7000-8000-000000000001',
          server: 'https://prod-eu.acme.io',
          credential: 'Token',
          roles: ['edit'],
          namespaces: ['*'],
          user: 'ambit:service:deploy',
          state: 'Connected',
        },
      ]),
    endOwnSession: () => {
      central.session = undefined;
      return ended;
    },
  };
});
afterEach(async () => {
  await central.stop();
  await rm(folder, { recursive: true, force: true });
});

const ended = {
  id: 's1',
  principal: 'service/deploy',
  signedInBy: 'https://token.actions.githubusercontent.com',
  address: '10.0.0.1',
  state: 'ended',
  createdAt: '2026-01-01T00:00:00Z',
  expiresAt: later,
};

describe('login --ci', () => {
  test('exchanges the token of the runner for a session, which it keeps for this account alone', async () => {
    const run = await login({ AMBIT_ID_TOKEN: `${runnerToken}\n` });
    expect(run).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /^signed in to \S+ as service\/deploy; the session ends in (49|50)m\n$/,
      ) as unknown,
    });
    expect(central.bodyOf('exchangeToken')).toEqual({ service: 'deploy', token: runnerToken });
    expect(central.calls[0]?.headers.authorization).toBeUndefined();
    expect((await stat(join(folder, 'config', 'config.yaml'))).mode & 0o777).toBe(0o600);
    expect(await profiles()).toContain(session);
    expect(await profiles()).not.toContain(runnerToken);
    expect(run.out + run.err + central.urls.join(' ')).not.toMatch(/canary|eyJ/);
    const who = await ambit(['whoami']);
    expect(who.out).toMatch(/Who: +service\/deploy\nSession: +s1, ends in \d+m\n/);
    expect(who.out).toContain('Clusters:     prod-eu\n');
  });

  test('case U1: leaves the kubeconfig as it is', async () => {
    await writeFile(join(folder, 'kube'), 'current-context: mine\n');
    await login({ AMBIT_ID_TOKEN: runnerToken });
    expect(await readFile(join(folder, 'kube'), 'utf8')).toBe('current-context: mine\n');
  });

  test('reads the file that is named', async () => {
    const file = join(folder, 'token');
    await writeFile(file, runnerToken);
    expect((await login({ AMBIT_ID_TOKEN_FILE: file })).code).toBe(0);
    expect((await login({ AMBIT_ID_TOKEN_FILE: join(folder, 'none') })).err).toContain(
      'there is no such file',
    );
  });

  test('says what it looked for when there is none, and how the runner gives one', async () => {
    const run = await login({ GITHUB_ACTIONS: 'true' });
    expect(run.code).toBe(3);
    for (const name of ['AMBIT_ID_TOKEN,', 'AMBIT_ID_TOKEN_FILE', 'ACTIONS_ID_TOKEN_REQUEST_URL'])
      expect(run.err).toContain(name);
    expect(run.err).toContain('id-token: write');
    expect((await login({ GITLAB_CI: 'true' })).err).toContain(`aud: ${host()}`);
    expect(central.calls).toEqual([]);
  });

  test('needs a service, and refuses what is no token without telling it', async () => {
    const nobody = await ambit(['login', central.url, '--ci'], { AMBIT_ID_TOKEN: runnerToken });
    expect(nobody).toMatchObject({ code: 2 });
    const wrong = await login({ AMBIT_ID_TOKEN: 'canary canary' });
    expect(wrong).toMatchObject({ code: 2 });
    expect(wrong.err).not.toContain('canary canary');
    const other = await ambit(['login', central.url, '--service', 'a']);
    expect(other.err).toContain('--service goes with --ci');
  });

  test('tells what central says when it refuses, and keeps nothing', async () => {
    central.answers.exchangeToken = () => {
      throw new AppError('permission_denied', 'No rule of service/deploy lets this token in.', {
        why: 'claim repository is acme/other',
      });
    };
    const run = await login({ AMBIT_ID_TOKEN: runnerToken });
    expect(run.code).toBe(4);
    expect(run.err).toContain('why:  claim repository is acme/other');
    await expect(profiles()).rejects.toThrow('ENOENT');
  });

  describe('on GitHub', () => {
    let github: Server;
    let asked: IncomingMessage | undefined;
    let status: number;
    let url: string;

    beforeEach(async () => {
      asked = undefined;
      status = 200;
      github = createServer((request, response) => {
        asked = request;
        response.writeHead(status).end(JSON.stringify({ value: runnerToken }));
      });
      await new Promise<void>((done) => github.listen(0, '127.0.0.1', done));
      url = `http://127.0.0.1:${(github.address() as AddressInfo).port}/token?api-version=2.0`;
    });
    afterEach(() => {
      github.close();
    });

    const runner = () => ({
      ACTIONS_ID_TOKEN_REQUEST_URL: url,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'canary-request',
    });

    test('the token is asked for, for this central alone', async () => {
      expect((await login(runner())).code).toBe(0);
      const to = new URL(asked?.url ?? '', url);
      expect(Object.fromEntries(to.searchParams)).toEqual({
        'api-version': '2.0',
        audience: host(),
      });
      expect(asked?.headers.authorization).toBe('Bearer canary-request');
      expect(central.bodyOf('exchangeToken')).toMatchObject({ token: runnerToken });
    });

    test('a refusal is told, and what lets ask never leaves for plain HTTP', async () => {
      status = 403;
      const run = await login(runner());
      expect(run.err).toMatch(/GitHub .* gave no token \(403\)\n[\s\S]*id-token: write/);
      url = 'http://github.example/token';
      const plain = await login(runner());
      expect(plain.err).toContain('unencrypted');
      expect(run.err + plain.err).not.toContain('canary');
    });
  });
});

describe('logout', () => {
  beforeEach(async () => {
    await login({ AMBIT_ID_TOKEN: runnerToken });
    await ambit(['use', 'prod-eu']);
    await mkdir(join(folder, 'cache', 'credentials'), { recursive: true });
    await writeFile(join(folder, 'cache', 'credentials', 'a.json'), '{}');
  });

  test('ends the session at central, and removes what this machine has of it', async () => {
    const run = await ambit(['logout']);
    expect(run.code).toBe(0);
    expect(run.out).toContain(`signed out of ${central.url} (service/deploy)\n`);
    expect(run.out).toContain('context/ambit-prod-eu removed\n');
    expect(run.err).toContain('current-context was ambit-prod-eu and is unset now');
    expect(central.operations()).toContain('endOwnSession');
    expect(await profiles()).not.toMatch(/ambs_|session/);
    await expect(stat(join(folder, 'cache', 'credentials'))).rejects.toThrow('ENOENT');
    expect((await ambit(['clusters'])).code).toBe(3);
  });

  test('without central does all that can be done here, and says what could not', async () => {
    await central.stop();
    const run = await ambit(['logout', '--timeout', '2s']);
    await central.start();
    expect(run.code).toBe(9);
    expect(run.err).toContain('the session could not be ended at central: cannot reach central');
    expect(run.err).toContain('ambit sessions end s1');
    expect(run.out).toContain('context/ambit-prod-eu removed\n');
    expect(await profiles()).not.toMatch(/ambs_|session/);
  });

  test('of a session that has ended already is no failure', async () => {
    central.session = undefined;
    const run = await ambit(['logout']);
    expect(run).toMatchObject({ code: 0 });
    expect(run.err).toContain('the session had ended already');
  });

  test('of a kubeconfig that cannot be edited says so, and is done all the same', async () => {
    await writeFile(join(folder, 'kube'), 'broken: [');
    const run = await ambit(['logout']);
    expect(run.code).toBe(1);
    expect(run.err).toContain('the entries in the kubeconfig stay');
    expect(await profiles()).not.toMatch(/ambs_/);
  });

  test('--all is of every profile; of one, the entries stay while another is signed in there', async () => {
    await ambit(['login', central.url, '--ci', '--service', 'b', '--profile', 'other'], {
      AMBIT_ID_TOKEN: runnerToken,
    });
    const one = await ambit(['logout', '--profile', 'other']);
    expect(one.out).not.toContain('removed');
    central.session = session;
    const all = await ambit(['logout', '--all']);
    expect(all.err).toContain('profile "other" holds no token');
    expect(all.out).toContain('context/ambit-prod-eu removed\n');
  });
});

describe('sessions', () => {
  test('are listed, and one is ended by its id', async () => {
    central.answers.listSessions = () => aList('Session', [{ ...ended, state: 'active' }]);
    central.answers.endSession = ({ params }) => ({ ...ended, id: params['id'] });
    const admin = { AMBIT_SERVER: central.url, AMBIT_TOKEN: central.token };
    const run = await ambit(['sessions'], admin);
    expect(run.out).toMatch(/^ID +WHO +STATE +BY +ENDS +USED +AGE\ns1 +service\/deploy +active/);
    expect(await ambit(['sessions', 'end', 's1'], admin)).toMatchObject({
      code: 0,
      out: 'session/s1 of service/deploy ended\n',
    });
    central.answers.listSessions = () => aList('Session', []);
    expect((await ambit(['sessions'], admin)).err).toContain('Nobody is signed in');
  });

  test('of oneself are listed and ended without a right to those of others', async () => {
    const refused = (): never => {
      throw new AppError('permission_denied', 'The session may not do this.');
    };
    central.answers.listSessions = refused;
    central.answers.endSession = refused;
    central.answers.listOwnSessions = () => aList('Session', [{ ...ended, state: 'active' }]);
    central.answers.endOneOwnSession = ({ params }) => ({ ...ended, id: params['id'] });
    const person = { AMBIT_SERVER: central.url, AMBIT_TOKEN: central.token };
    const run = await ambit(['sessions'], person);
    expect(run.out).toMatch(/^ID +WHO.*\ns1 +service\/deploy +active/);
    expect(run.err).toContain('These are yours');
    expect(await ambit(['sessions', 'end', 's1'], person)).toMatchObject({
      code: 0,
      out: 'session/s1 of service/deploy ended\n',
    });
  });
});
