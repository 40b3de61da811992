import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { runCaptured, type Captured } from './captured-run.test-support.ts';
import { aList, SmallCentral } from './small-central.test-support.ts';

const foreign = `# mine
apiVersion: v1
kind: Config
clusters:
- name: minikube
  cluster:
    server: https://10.0.0.1:6443 # old
contexts:
- name: minikube
  context:
    cluster: minikube
    user: mini
current-context: minikube
users:
- name: mini
  user:
    token: canary
`;
const session = 'ambs_canary0_0123456789abcdef_zz';
let folder: string;
let config: string;
let central: SmallCentral;
let env: Record<string, string>;

const own = (name: string, more: object = {}) => ({
  name,
  uid: '0192f0c1-0000-7000-8000-000000000001',
  server: `https://${name}.acme.io:6443`,
  caData: 'Q0E=',
  credential: 'Token',
  roles: ['view'],
  namespaces: ['payments'],
  user: 'ambit:ada@acme.io',
  state: 'Connected',
  ...more,
});
const has = (...clusters: object[]): void => {
  central.answers.listOwnClusters = () => aList('OwnCluster', clusters);
};
const ambit = (...args: string[]): Promise<Captured> => runCaptured(args, { env });
const text = (path = config): Promise<string> => readFile(path, 'utf8');
interface Shape {
  readonly clusters: { name: string; cluster: Record<string, unknown> }[];
  readonly contexts: { name: string; context: Record<string, unknown> }[];
  readonly users: { name: string; user: { exec?: Record<string, unknown> } }[];
  readonly 'current-context'?: string;
}
const shape = async (path = config): Promise<Shape> => parse(await text(path)) as Shape;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-entries-'));
  config = join(folder, 'kube', 'config');
  await mkdir(join(folder, 'kube'));
  await mkdir(join(folder, 'bin'));
  await writeFile(join(folder, 'bin', 'ambit'), '', { mode: 0o755 });
  await writeFile(config, foreign, { mode: 0o640 });
  await chmod(config, 0o640);
  central = new SmallCentral();
  central.session = session;
  await central.start();
  central.answers.getMe = () => ({
    kind: 'Me',
    actor: 'user/ada@acme.io',
    permissions: ['self'],
    session: { id: 's1', expiresAt: '2036-01-01T00:00:00Z' },
  });
  has(own('prod-eu'), own('staging', { namespaces: ['*'] }), own('dark', { credential: 'None' }));
  env = {
    AMBIT_CONFIG_DIR: join(folder, 'config'),
    AMBIT_STATE_DIR: join(folder, 'state'),
    AMBIT_SERVER: central.url,
    AMBIT_TOKEN: session,
    KUBECONFIG: config,
    PATH: join(folder, 'bin'),
  };
});
afterEach(async () => {
  await central.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('clusters', () => {
  test('are listed with roles, namespaces and state, by either name', async () => {
    const run = await ambit('ls');
    expect(run).toMatchObject({ code: 0, err: '' });
    expect(run.out).toMatch(/^NAME +NAMESPACES +ROLES +STATE +KUBECTL\n/);
    expect(run.out).toMatch(/\nstaging +all +view +Connected +yes\n/);
    expect(run.out).toMatch(/\ndark +payments +view +Connected +no\n/);
    expect((await ambit('clusters', '-o', 'name')).out).toBe('prod-eu\nstaging\ndark\n');
  });

  test('that are none say why and what next', async () => {
    has();
    expect(await ambit('clusters')).toMatchObject({
      code: 0,
      out: '',
      err: expect.stringMatching(/no grant that is in force[\s\S]+Next: /) as unknown,
    });
  });
});

describe('kubeconfig', () => {
  test('case U1: writes an entry for each cluster and leaves the current context and all else as it was', async () => {
    const run = await ambit('kubeconfig');
    expect(run.out).toBe('context/ambit-prod-eu added\ncontext/ambit-staging added\n');
    expect(run.err).toContain('central gives no credentials for dark');
    const after = await text();
    for (const line of foreign.split('\n')) expect(after).toContain(line);
    expect(after).toContain('\ncurrent-context: minikube\n');
    const { clusters, contexts, users } = await shape();
    expect(clusters[1]).toEqual({
      name: 'ambit-prod-eu',
      cluster: {
        server: 'https://prod-eu.acme.io:6443',
        'certificate-authority-data': 'Q0E=',
        extensions: [
          {
            name: 'ambit.dev/managed',
            extension: {
              server: central.url,
              cluster: 'prod-eu',
              context: 'ambit-prod-eu',
              user: 'ambit-prod-eu-ada@acme.io',
            },
          },
        ],
      },
    });
    expect(contexts.slice(1)).toEqual([
      {
        name: 'ambit-prod-eu',
        context: {
          cluster: 'ambit-prod-eu',
          user: 'ambit-prod-eu-ada@acme.io',
          namespace: 'payments',
        },
      },
      {
        name: 'ambit-staging',
        context: { cluster: 'ambit-staging', user: 'ambit-staging-ada@acme.io' },
      },
    ]);
    expect(users[1]?.user.exec).toEqual({
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'ambit',
      args: ['credential', '--server', central.url, '--cluster', 'prod-eu'],
      interactiveMode: 'IfAvailable',
      provideClusterInfo: false,
      installHint: expect.stringContaining(`ambit login ${central.url}`) as unknown,
    });
    expect(after).not.toContain(session);
    expect((await stat(config)).mode & 0o777).toBe(0o640);
    expect(await text(`${config}.ambit-backup`)).toBe(foreign);
    expect((await readdir(join(folder, 'kube'))).sort()).toEqual(['config', 'config.ambit-backup']);
  });

  test('a second time changes nothing, keeps what a person set, and follows what access there is', async () => {
    await ambit('kubeconfig');
    const mine = (await text())
      .replace('namespace: payments', 'namespace: billing # mine')
      .replace('provideClusterInfo: false', 'provideClusterInfo: false\n      env: null');
    await writeFile(config, mine);
    expect((await ambit('kubeconfig')).out).toMatch(/prod-eu unchanged\n.*staging unchanged\n/);
    expect(await text()).toBe(mine);
    has(own('prod-eu', { server: 'https://new.acme.io' }));
    const dry = await ambit('kubeconfig', '--dry-run');
    expect(dry.out).toMatch(/prod-eu updated \(dry run\)\n.*staging removed \(dry run\)\n/);
    expect(await text()).toBe(mine);
    await ambit('kubeconfig');
    expect(await text()).toContain('namespace: billing # mine');
    const { clusters, users } = await shape();
    expect(clusters.map(({ cluster }) => cluster['server'])).toEqual([
      'https://10.0.0.1:6443',
      'https://new.acme.io',
    ]);
    expect(users.map(({ name }) => name)).toEqual(['mini', 'ambit-prod-eu-ada@acme.io']);
  });

  test('case U4: contexts are called as a person wants, and stay so', async () => {
    await ambit('kubeconfig', '--context-template', '{user}.{cluster}');
    await ambit('kubeconfig');
    expect((await shape()).contexts.map(({ name }) => name)).toEqual([
      'minikube',
      'ada@acme.io.prod-eu',
      'ada@acme.io.staging',
    ]);
    const all = await ambit('kubeconfig', '--context-template', 'x');
    expect(all).toMatchObject({ code: 2 });
  });

  test.each([
    ['clusters', '- name: ambit-prod-eu\n  cluster: {server: https://x}\n'],
    ['contexts', '- name: ambit-prod-eu\n  context: {cluster: minikube}\n'],
    ['users', '- name: ambit-prod-eu-ada@acme.io\n  user: {token: x}\n'],
  ])('never takes a name in %s that is not ours', async (kind, entry) => {
    const taken = foreign.replace(`${kind}:\n`, `${kind}:\n${entry}`);
    await writeFile(config, taken);
    const run = await ambit('kubeconfig');
    expect(run).toMatchObject({ code: 6, out: '' });
    expect(run.err).toContain('which is not ours');
    expect(await text()).toBe(taken);
  });

  test('case U2: --remove names what goes, unsets the current context that went, and leaves the rest as it was', async () => {
    await ambit('kubeconfig');
    await ambit('kubeconfig', '--remove');
    expect(parse(await text())).toEqual(parse(foreign));
    await ambit('use', 'prod-eu');
    const run = await ambit('kubeconfig', '--remove');
    expect(run.out).toBe('context/ambit-prod-eu removed\n');
    expect(run.err).toContain('current-context was ambit-prod-eu and is unset now');
    expect(parse(await text())).toEqual({
      ...(parse(foreign) as object),
      'current-context': '',
    });
  });

  test('--print writes one to standard output and touches none', async () => {
    const run = await ambit('kubeconfig', '--print');
    expect((parse(run.out) as Shape).contexts).toHaveLength(2);
    expect(await text()).toBe(foreign);
  });

  test('with several files goes where kubectl would write', async () => {
    const second = join(folder, 'second');
    await writeFile(second, 'clusters: []\n', { mode: 0o600 });
    env['KUBECONFIG'] = `${join(folder, 'none')}:${second}:${config}`;
    await ambit('kubeconfig');
    expect((await shape(second)).clusters).toHaveLength(2);
    expect(await text()).toBe(foreign);
    await expect(stat(join(folder, 'none'))).rejects.toThrow('ENOENT');
    env['KUBECONFIG'] = `${config}:${second}`;
    has(own('prod-eu', { server: 'https://new.acme.io' }));
    await ambit('kubeconfig');
    expect(await text()).toBe(foreign);
    expect((await shape(second)).clusters).toMatchObject([
      { cluster: { server: 'https://new.acme.io' } },
    ]);
  });

  test('where there is none makes one for this account alone', async () => {
    env['KUBECONFIG'] = join(folder, 'new', 'config');
    await ambit('kubeconfig');
    expect((await stat(env['KUBECONFIG'])).mode & 0o777).toBe(0o600);
    expect(await shape(env['KUBECONFIG'])).not.toHaveProperty('current-context');
  });

  test('of a link changes what it leads to', async () => {
    env['KUBECONFIG'] = join(folder, 'link');
    await symlink(config, env['KUBECONFIG']);
    await ambit('kubeconfig');
    expect((await lstat(env['KUBECONFIG'])).isSymbolicLink()).toBe(true);
    expect((await shape()).clusters).toHaveLength(3);
  });

  test.each<[string, () => Promise<unknown>, RegExp]>([
    ['broken', () => writeFile(config, 'clusters: [canary'), /not YAML/],
    ['read-only', () => chmod(config, 0o440), /read-only[\s\S]*next: chmod u\+w/],
    ['a link to nothing', () => rm(config).then(() => symlink('gone', config)), /symbolic link to/],
    ['a folder', () => rm(config).then(() => mkdir(config)), /it is a folder/],
  ])('that is %s is refused and stays as it is', async (_, spoil, why) => {
    await spoil();
    const before = await text().catch(() => '');
    const run = await ambit('kubeconfig');
    expect(run.code).not.toBe(0);
    expect(run.err).toMatch(why);
    expect(run.out + run.err).not.toContain('canary');
    expect(await text().catch(() => '')).toBe(before);
    expect((await readdir(join(folder, 'kube'))).sort()).toEqual(['config']);
  });

  test('waits for another program that changes it, and says so when that goes on', async () => {
    await writeFile(`${config}.lock`, '');
    const running = ambit('kubeconfig');
    await rm(`${config}.lock`);
    expect((await running).code).toBe(0);
    await writeFile(`${config}.lock`, '');
    const run = await ambit('kubeconfig');
    expect(run.err).toMatch(/config\.lock is there[\s\S]+next: rm .*config\.lock/);
    expect(run.code).toBe(9);
  });

  test('says when kubectl would not find this program', async () => {
    env['PATH'] = '/nonexistent';
    expect((await ambit('kubeconfig')).err).toContain('there is no `ambit` on the PATH');
  });
});

describe('use', () => {
  test('switches, says from where to where, and goes back', async () => {
    const run = await ambit('use', 'staging/shop');
    expect(run.out).toBe('current-context: minikube -> ambit-staging (namespace shop)\n');
    expect(run.err).toContain('back: ambit use -');
    expect((await shape())['current-context']).toBe('ambit-staging');
    expect((await shape()).contexts).toHaveLength(2);
    await central.stop();
    expect((await ambit('use', '-')).out).toBe('current-context: ambit-staging -> minikube\n');
    expect(parse(await text())).toMatchObject({ 'current-context': 'minikube' });
    expect((await ambit('use', '-')).out).toBe(
      'current-context: minikube -> ambit-staging (namespace shop)\n',
    );
    await central.start();
  });

  test('says when nothing is held in that namespace, and switches', async () => {
    has(own('prod-eu'));
    const run = await ambit('use', 'prod-eu/shop');
    expect(run.out).toContain('-> ambit-prod-eu (namespace shop)');
    expect(run.err).toContain('you hold nothing in namespace shop of prod-eu; you do in payments');
    expect((await ambit('use', 'prod-eu/payments')).err).not.toContain('you hold nothing');
  });

  test('goes back to the namespace too', async () => {
    await ambit('use', 'staging/shop');
    await ambit('use', 'staging/billing');
    expect((await ambit('use', '-')).out).toContain('-> ambit-staging (namespace shop)');
    expect((await shape()).contexts[1]?.context['namespace']).toBe('shop');
  });

  test('names the nearest of the clusters that there are, and touches nothing', async () => {
    const run = await ambit('use', 'prod-eo');
    expect(run).toMatchObject({ code: 5, out: '' });
    expect(run.err).toContain('did you mean prod-eu?');
    expect((await ambit('use', 'dark')).err).toContain('central gives no credentials for dark');
    expect((await ambit('use', 'a/b/c')).code).toBe(2);
    expect((await ambit('use', '-')).code).toBe(2);
    expect(await text()).toBe(foreign);
  });
});
