import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { isAppError } from '@ambit/kernel';
import { startSimulatedCluster } from '@ambit/dev-cluster';
import type { SimulatedCluster } from '@ambit/dev-cluster';
import { stringify } from 'yaml';
import { CachedFile } from './cached-file.ts';
import { ExecCredentials } from './exec-credentials.ts';
import { inClusterConnection } from './in-cluster.ts';
import { KubeClient } from './kube-client.ts';
import { loadKubeconfig } from './kubeconfig.ts';

let cluster: SimulatedCluster;
let folder: string;
let token: string;
beforeAll(async () => {
  cluster = await startSimulatedCluster({ name: 'kubeconfig' });
  folder = await mkdtemp(join(tmpdir(), 'ambit-kubeconfig-'));
});
beforeEach(() => {
  token = cluster.issueToken({ name: 'someone', groups: ['system:masters'] });
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await cluster.stop();
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');

async function kubeconfig(user: object, more: object = {}): Promise<string> {
  const path = join(folder, 'config');
  const data = { 'certificate-authority-data': base64(cluster.caPem) };
  const file = {
    'current-context': 'x',
    clusters: [{ name: 'c', cluster: { server: cluster.server, ...data, ...more } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
  };
  await writeFile(path, stringify(file));
  return path;
}

async function canList(path: string, environment: Record<string, string> = {}): Promise<boolean> {
  const client = new KubeClient({ connection: await loadKubeconfig(path, { environment }) });
  try {
    return (
      (
        await client.list({
          group: '',
          version: 'v1',
          plural: 'namespaces',
          kind: 'Namespace',
          namespaced: false,
        })
      ).items.length > 0
    );
  } finally {
    client.close();
  }
}

describe('loadKubeconfig', () => {
  test('client certificate inside the file', async () => {
    const path = join(folder, 'inline');
    await writeFile(path, cluster.adminKubeconfig);
    expect(await canList(path)).toBe(true);
  });

  test('certificate, key, authority and token in files beside it', async () => {
    const inline = join(folder, 'inline');
    await writeFile(inline, cluster.adminKubeconfig);
    const { ca = '', cert = '', key = '' } = await (await loadKubeconfig(inline)).identity();
    await mkdir(join(folder, 'pki'), { recursive: true });
    for (const [name, text] of Object.entries({ ca, cert, key, token: `${token}\n` })) {
      await writeFile(join(folder, 'pki', name), text);
    }
    const authority = {
      'certificate-authority-data': undefined,
      'certificate-authority': 'pki/ca',
    };
    const files = { 'client-certificate': 'pki/cert', 'client-key': 'pki/key' };
    expect(await canList(await kubeconfig(files, authority))).toBe(true);
    expect(await canList(await kubeconfig({ tokenFile: 'pki/token' }, authority))).toBe(true);
    expect(await canList(await kubeconfig({ token }))).toBe(true);
  });

  test('an exec plugin, with what it needs to know and nothing on the command line', async () => {
    const path = join(folder, 'plugin.mjs');
    await writeFile(
      path,
      `const { spec } = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
       if (spec.interactive || spec.cluster.server !== process.argv[2] || process.env.AWS_PROFILE !== 'yes') process.exit(3);
       console.log(JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential',
         status: { token: process.env.TOKEN } }));`,
    );
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      interactiveMode: 'Never',
      command: process.execPath,
      args: [path, cluster.server],
      env: [{ name: 'TOKEN', value: token }],
      provideClusterInfo: true,
    };
    expect(await canList(await kubeconfig({ exec }), { AWS_PROFILE: 'yes' })).toBe(true);
  });

  test('an exec plugin inherits what plugins live on and none of our secrets', async () => {
    const path = join(folder, 'plugin.mjs');
    await writeFile(
      path,
      `import { writeFileSync } from 'node:fs';
       writeFileSync(process.argv[2], JSON.stringify(Object.keys(process.env)));
       console.log(JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential',
         status: { token: process.env.TOKEN } }));`,
    );
    const seen = join(folder, 'seen.json');
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      interactiveMode: 'Never',
      command: process.execPath,
      args: [path, seen],
      env: [{ name: 'TOKEN', value: token }],
    };
    const inherited = ['PATH', 'HOME', 'https_proxy', 'NO_PROXY', 'AWS_PROFILE', 'SSL_CERT_FILE'];
    const secrets = [
      'AMBIT_JOIN_TOKEN',
      'AMBIT_DATABASE_URL',
      'AMBIT_TOKEN',
      'PGPASSWORD',
      'MY_SECRET',
      'NODE_OPTIONS',
      'LD_PRELOAD',
    ];
    const environment = Object.fromEntries(
      [...inherited, ...secrets].map((name) => [name, name === 'PATH' ? '/usr/bin' : 'x']),
    );
    expect(await canList(await kubeconfig({ exec }), environment)).toBe(true);
    const names = JSON.parse(await readFile(seen, 'utf8')) as string[];
    expect(names).toEqual(expect.arrayContaining([...inherited, 'TOKEN', 'KUBERNETES_EXEC_INFO']));
    expect(secrets.filter((name) => names.includes(name))).toEqual([]);
  });

  test('a plugin that fails says why in its own words', async () => {
    const args = ['-e', 'console.error("log in first: run example login"); process.exit(1)'];
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      interactiveMode: 'Never',
      command: process.execPath,
      args,
    };
    const error: unknown = await canList(await kubeconfig({ exec })).catch(
      (reason: unknown) => reason,
    );
    expect(isAppError(error, 'config_invalid') && error.message).toContain(
      'log in first: run example login',
    );
    const silent = {
      ...exec,
      args: ['-e', 'console.log("{}")'],
      installHint: 'get it at example.com',
    };
    const other: unknown = await canList(await kubeconfig({ exec: silent })).catch(
      (reason: unknown) => reason,
    );
    expect(isAppError(other, 'config_invalid') && [other.message, other.extras.hint]).toEqual([
      expect.stringContaining('did not print a credential'),
      'get it at example.com',
    ]);
  });

  test('a file that is missing is named', async () => {
    const error: unknown = await loadKubeconfig(join(folder, 'nowhere')).catch(
      (reason: unknown) => reason,
    );
    expect(isAppError(error, 'config_invalid') && error.message).toContain('nowhere');
  });
});

test('case 44: a plugin’s credential is replaced by the end it names itself, and by one run for many callers', async () => {
  const count = join(folder, 'runs');
  await writeFile(count, '');
  const script = `require('fs').appendFileSync(${JSON.stringify(count)}, 'x');
    console.log(JSON.stringify({ apiVersion: 'v', kind: 'ExecCredential',
      status: { token: 't', expirationTimestamp: new Date(1_000_000).toISOString() } }));`;
  let now = 0;
  const credentials = new ExecCredentials({
    plugin: {
      apiVersion: 'v',
      command: process.execPath,
      args: ['-e', script],
      env: [],
      provideClusterInfo: false,
      installHint: undefined,
    },
    cluster: {},
    folder,
    environment: {},
    now: () => now,
  });
  const runs = async (): Promise<number> => (await readFile(count, 'utf8')).length;
  await Promise.all(Array.from({ length: 20 }, () => credentials.identity()));
  expect(await runs()).toBe(1);
  now = 969_999;
  await credentials.identity();
  expect(await runs()).toBe(1);
  now = 970_001;
  await credentials.identity();
  expect(await runs()).toBe(2);
  credentials.forget();
});

test('case 43: in a pod, token and authority are read again each minute, and at once after a 401', async () => {
  const mount = join(folder, 'serviceaccount');
  await mkdir(mount);
  await writeFile(join(mount, 'namespace'), 'team\n');
  await writeFile(join(mount, 'token'), 'first\n');
  await writeFile(join(mount, 'ca.crt'), 'CA 1');
  let now = 0;
  const timers = { after: () => () => undefined, monotonic: () => now };
  const connection = await inClusterConnection({
    host: 'fd00::1',
    port: '443',
    folder: mount,
    timers,
  });
  expect(connection).toMatchObject({ server: 'https://[fd00::1]:443', namespace: 'team' });
  expect(await connection.identity()).toEqual({ ca: 'CA 1', token: 'first' });
  await writeFile(join(mount, 'token'), 'second');
  await writeFile(join(mount, 'ca.crt'), 'CA 2');
  now = 59_999;
  expect(await connection.identity()).toEqual({ ca: 'CA 1', token: 'first' });
  now = 60_000;
  expect(await connection.identity()).toEqual({ ca: 'CA 2', token: 'second' });
  await writeFile(join(mount, 'token'), 'third');
  connection.forget();
  expect(await connection.identity()).toEqual({ ca: 'CA 2', token: 'third' });
});

test('a credential file that cannot be read is named, its text never', async () => {
  const path = join(folder, 'gone');
  await writeFile(path, 'secret');
  const file = new CachedFile(path);
  expect(await file.read()).toBe('secret');
  await chmod(path, 0o600);
  await rm(path);
  file.forget();
  const error: unknown = await file.read().catch((reason: unknown) => reason);
  expect(isAppError(error, 'config_invalid') && error.message).toBe(
    `The credential file ${path} cannot be read.`,
  );
});

test('a list of kubeconfigs is told as what it is, with the command that makes one of them', async () => {
  const path = await kubeconfig({ token });
  const list = `${path}${delimiter}${join(folder, 'other')}`;
  await expect(loadKubeconfig(list)).rejects.toMatchObject({
    code: 'config_invalid',
    message: 'One kubeconfig is expected, not a list of 2.',
    extras: { hint: expect.stringContaining('kubectl config view --flatten --minify') },
  });
  const odd = join(folder, `with${delimiter}mark`);
  await writeFile(odd, await readFile(path));
  expect(await canList(odd)).toBe(true);
});
