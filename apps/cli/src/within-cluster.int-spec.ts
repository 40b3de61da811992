import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  devClusterSettings,
  kubernetesAtHand,
  obtainPrograms,
  startSimulatedCluster,
  type SimulatedCluster,
} from '@ambit/dev-cluster';
import { eventually } from '@ambit/testing';
import { commandLine, startCommand } from './command-run.test-support.ts';
import { shellWords } from './shell-words.ts';
import { aList, SmallCentral } from './small-central.test-support.ts';

const settings = devClusterSettings(process.env);
const atHand = await kubernetesAtHand(settings);
const session = 'ambs_canary0_0123456789abcdef_zz';
let cluster: SimulatedCluster;
let folder: string;
let central: SmallCentral;
let env: Record<string, string>;

beforeAll(async () => {
  cluster = await startSimulatedCluster({ name: 'prod-eu' });
});
afterAll(() => cluster.stop());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-within-'));
  central = new SmallCentral();
  central.session = session;
  await central.start();
  const token = cluster.issueToken({ name: 'ambit:ada', groups: [] });
  central.answers = {
    getMe: () => ({
      kind: 'Me',
      actor: 'user/ada',
      permissions: ['self'],
      session: { id: 's1', expiresAt: '2036-01-01T00:00:00Z' },
    }),
    listOwnClusters: () =>
      aList('OwnCluster', [
        {
          name: 'prod-eu',
          uid: '0192f0c1-0000-7000-8000-000000000001',
          server: cluster.server,
          caData: Buffer.from(cluster.caPem).toString('base64'),
          credential: 'Token',
          roles: ['view'],
          namespaces: ['payments'],
          user: 'ambit:ada',
          state: 'Connected',
        },
      ]),
    issueCredential: () => ({
      kind: 'Credential',
      cluster: 'prod-eu',
      token,
      expiresAt: new Date(Date.now() + 600_000).toISOString(),
      user: 'ambit:ada',
    }),
  };
  await mkdir(join(folder, 'bin'));
  await mkdir(join(folder, 'tmp'));
  await writeFile(
    join(folder, 'bin', 'ambit'),
    `#!/bin/sh\nexec ${shellWords(commandLine([]))} "$@"\n`,
  );
  await chmod(join(folder, 'bin', 'ambit'), 0o755);
  const config = join(folder, 'config');
  await mkdir(config);
  const profile = `profiles: {default: {server: '${central.url}', token: ${session}}}\n`;
  await writeFile(join(config, 'config.yaml'), profile, { mode: 0o600 });
  env = {
    AMBIT_CONFIG_DIR: config,
    AMBIT_CACHE_DIR: join(folder, 'cache'),
    AMBIT_STATE_DIR: join(folder, 'state'),
    HOME: folder,
    KUBECONFIG: join(folder, 'kube'),
    PATH: '/usr/bin:/bin',
    TMPDIR: join(folder, 'tmp'),
  };
});
afterEach(async () => {
  await central.stop();
  await rm(folder, { recursive: true, force: true });
});

const ambit = (...args: string[]) => startCommand(args, { env }).finished;
const credentials = (): number =>
  central.operations().filter((operation) => operation === 'issueCredential').length;

/** Of a program and, by it, of another one. */
const aStart = { withinMs: 90_000, what: 'the start' };

describe('run', () => {
  const script = 'cat "$KUBECONFIG"; echo "$KUBECONFIG" >&2; exit 7';

  test('gives a command a kubeconfig of its own, passes its exit code on, and tidies up', async () => {
    const run = await ambit('run', 'prod-eu/shop', '--', 'sh', '-c', script);
    expect(run.code).toBe(7);
    expect(run.out).toMatch(/current-context: ambit-prod-eu/);
    expect(run.out).toMatch(/namespace: shop/);
    expect(run.out).not.toContain(session);
    expect(run.err.trim()).toContain(join(folder, 'tmp'));
    expect(await readdir(join(folder, 'tmp'))).toEqual([]);
    await expect(readFile(join(folder, 'kube'))).rejects.toThrow('ENOENT');
  });

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('passes %s on and ends when the command does', async (signal, code) => {
    const running = startCommand(['run', 'prod-eu', '--', 'sh', '-c', 'echo on; exec sleep 60'], {
      env,
    });
    await eventually(() => expect(running.out()).toBe('on\n'), aStart);
    running.child.kill(signal);
    expect((await running.finished).code).toBe(code);
    expect(await readdir(join(folder, 'tmp'))).toEqual([]);
  });

  test('lets a command outlive as many interrupts as it wants', async () => {
    const script = 'trap "echo caught" INT; echo on; while :; do sleep 0.1; done';
    const running = startCommand(['run', 'prod-eu', '--', 'sh', '-c', script], { env });
    await eventually(() => expect(running.out()).toBe('on\n'), aStart);
    for (const count of [1, 2, 3]) {
      running.child.kill('SIGINT');
      await eventually(() => expect(running.out().match(/caught/g)).toHaveLength(count));
    }
    running.child.kill('SIGTERM');
    expect((await running.finished).code).toBe(143);
  });

  test('says what cannot be started, and where there is no access', async () => {
    const none = await ambit('run', 'prod-eu', '--', 'no-such-program');
    expect(none).toMatchObject({ code: 2 });
    expect(none.err).toContain('there is no such program on the PATH');
    expect((await ambit('run', 'prod-eo', '--', 'true')).err).toContain('did you mean prod-eu?');
    expect((await ambit('run', "prod-eu/a'b", '--', 'true')).code).toBe(2);
    expect(await readdir(join(folder, 'tmp'))).toEqual([]);
  });
});

describe('shell', () => {
  test('is the shell of the person, with the place in its prompt and a kubeconfig of its own', async () => {
    await writeFile(join(folder, '.bashrc'), 'PS1="mine> "\n');
    const bash = join(folder, 'bin', 'bash');
    await writeFile(bash, '#!/bin/sh\nexec /bin/bash "$@" -i\n');
    await chmod(bash, 0o755);
    const run = await startCommand(['shell', 'prod-eu/shop'], {
      env: { ...env, SHELL: bash },
      input: 'echo "in:$KUBECONFIG:$AMBIT_PLACE"\nexit 3\n',
    }).finished;
    expect(run.code).toBe(3);
    expect(run.out).toMatch(/in:.+ambit-run-.+:prod-eu\/shop/);
    expect(run.err).toContain('(prod-eu/shop) mine> ');
    expect(await readdir(join(folder, 'tmp'))).toEqual([]);
  });
});

const real = atHand === undefined ? describe.skip : describe;
real('kubectl', () => {
  let kubectl: string;
  beforeAll(async () => {
    const programs = await obtainPrograms({ settings, onProgress: () => undefined });
    kubectl = programs.kubectl.path;
  });

  const whoami = (more: Record<string, string> = {}): Promise<{ out: string; err: string }> =>
    new Promise((done) => {
      const path = `${join(folder, 'bin')}:/usr/bin:/bin`;
      execFile(
        kubectl,
        ['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'],
        { env: { ...env, PATH: path, ...more } },
        (_, out, err) => done({ out, err }),
      );
    });

  test('calls the plugin that the written entries name, and gets in by its token', async () => {
    expect((await ambit('use', 'prod-eu')).code).toBe(0);
    expect(await whoami()).toEqual({ out: 'ambit:ada', err: '' });
    expect(await whoami()).toEqual({ out: 'ambit:ada', err: '' });
    expect(credentials()).toBe(1);
  });

  test('shows why there is no credential, and how to sign in', async () => {
    await ambit('use', 'prod-eu');
    central.session = undefined;
    const { out, err } = await whoami();
    expect(out).toBe('');
    expect(err).toContain(`next: ambit login ${central.url}`);
    expect(err).toContain('exit code 3');
  });

  test('without ambit on the PATH says what is needed', async () => {
    await ambit('use', 'prod-eu');
    const { err } = await whoami({ PATH: '/usr/bin:/bin' });
    expect(err).toContain('ambit is needed to reach this cluster');
  });

  test('works within run, where ambit is not on the PATH', async () => {
    const run = await ambit(
      'run',
      'prod-eu',
      '--',
      kubectl,
      'auth',
      'whoami',
      '-o',
      'jsonpath={.status.userInfo.username}',
    );
    expect(run).toEqual({ code: 0, out: 'ambit:ada', err: '' });
  });
});
