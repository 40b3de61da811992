import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@ambit/testing';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import type { DevCluster, DevClusters } from '../dev-cluster.ts';
import { kubectl, type KubectlResult } from '../kubectl.ts';
import { presentPrograms } from '../obtain/present-programs.ts';
import { completePrograms, type Programs } from '../obtain/programs.ts';
import { devClusterSettings } from '../settings.ts';
import { startDevClusters } from '../start-dev-clusters.ts';
import { freePorts } from '../processes/free-ports.ts';
import { processesOf } from '../processes/processes-of.ts';
import { startRealCluster } from './start-real-cluster.ts';

// Kubernetes itself waits five seconds before it empties a namespace.

const settings = devClusterSettings(process.env);
const asked = settings.kubernetes === 'simulated';
const programs = asked ? undefined : completePrograms((await presentPrograms(settings)).programs);
if (asked) console.log('simulated clusters were asked for: real clusters are not tested');
else if (programs === undefined) {
  const text =
    'no Kubernetes programs in KUBEBUILDER_ASSETS or the cache: real clusters are not tested';
  if (settings.requireReal || process.env['CI']) throw new Error(text);
  console.log(text);
}
const present = (): Programs => {
  if (programs === undefined) throw new Error('there are no programs');
  return programs;
};
const whenPresent = programs === undefined ? describe.skip : describe;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-real-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

whenPresent('two real clusters', () => {
  let clusters: DevClusters;
  let one: DevCluster;
  let two: DevCluster;

  beforeAll(async () => {
    clusters = await startDevClusters({
      names: ['one', 'two'],
      settings,
      dataFolder: join(folder, 'pair'),
      forTests: true,
    });
    one = clusters.cluster('one');
    two = clusters.cluster('two');
  });
  afterAll(() => clusters?.stop());

  const run = (args: string, kubeconfig?: string, input?: string): Promise<KubectlResult> =>
    kubectl(one, args.split(' '), {
      settings,
      ...(kubeconfig !== undefined && { kubeconfig }),
      ...(input !== undefined && { input }),
    });

  test('say what they are', () => {
    expect(clusters).toMatchObject({ kind: 'real', version: 'v1.36.2', reasons: [] });
    expect(one.server).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(one.source).toMatch(/KUBEBUILDER_ASSETS|the cache/);
    expect(() => clusters.cluster('three')).toThrow(/no dev cluster three/);
  });

  test('share nothing: the admin of one is nobody in the other', async () => {
    const mixed = one.adminKubeconfig.replace(one.server, two.server);
    const { exitCode, stderr } = await run('get namespaces', mixed);
    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(/x509|certificate/);
  });

  test('fill view, edit and admin', async () => {
    for (const role of ['view', 'edit', 'admin']) {
      const { stdout } = await run(`get clusterrole ${role} -o json`);
      expect((JSON.parse(stdout) as { rules: unknown[] }).rules.length).toBeGreaterThan(3);
    }
  });

  test('know people by their certificate and give them nothing by themselves', async () => {
    const ana = await one.kubeconfigFor({ user: 'ambit:ana', groups: ['shop'] });
    const who = await run('auth whoami -o json', ana);
    expect(JSON.parse(who.stdout)).toMatchObject({
      status: { userInfo: { username: 'ambit:ana', groups: ['shop', 'system:authenticated'] } },
    });
    expect((await run('get pods', ana)).stderr).toContain('Forbidden');
    expect((await run('auth can-i get pods', ana)).exitCode).toBe(1);
  });

  test('finish the deletion of namespaces', async () => {
    expect((await run('create namespace short')).exitCode).toBe(0);
    expect((await run('delete namespace short --wait --timeout=25s')).exitCode).toBe(0);
    expect((await run('get namespace short')).stderr).toContain('NotFound');
  });

  test('sign what was approved', async () => {
    await run('apply -f -', undefined, await signingRequest('bob'));
    expect((await run('certificate approve bob')).exitCode).toBe(0);
    const certificate = await eventually(
      async () => {
        const { stdout } = await run('get csr bob -o jsonpath={.status.certificate}');
        expect(stdout).not.toBe('');
        return atob(stdout);
      },
      { everyMs: 200, what: 'the certificate' },
    );
    expect(certificate).toContain('BEGIN CERTIFICATE');
  });

  test('give an agent the rules it asks for and no others', async () => {
    const agent = await one.agentKubeconfig(
      'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: x}\nrules:\n' +
        '- {apiGroups: [""], resources: [namespaces], verbs: [list]}\n',
    );
    expect((await run('get namespaces', agent)).exitCode).toBe(0);
    expect((await run('get pods', agent)).stderr).toContain('Forbidden');
    await one.agentKubeconfig([{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }]);
    await eventually(async () => {
      expect((await run('get pods', agent)).exitCode).toBe(0);
      expect((await run('get namespaces', agent)).stderr).toContain('Forbidden');
    });
  });

  test('count the requests they answer', async () => {
    const count = async (): Promise<number> =>
      (await one.requestCounts()).find(
        ({ verb, resource }) => verb === 'POST' && resource === 'rolebindings',
      )?.count ?? 0;
    const before = await count();
    await run('create rolebinding counted --clusterrole=view --user=ambit:ana');
    expect(await count()).toBe(before + 1);
  });

  test('write their kubeconfig for its owner only', async () => {
    const path = join(folder, 'kubeconfig');
    await one.writeKubeconfig(path);
    expect(await readFile(path, 'utf8')).toBe(one.adminKubeconfig);
  });

  test('stop without leaving a process or a file', async () => {
    expect(await processesOf(join(folder, 'pair'))).toHaveLength(8);
    await clusters.stop();
    await clusters.stop();
    expect(await processesOf(join(folder, 'pair'))).toEqual([]);
    expect(await readdir(join(folder, 'pair'))).toEqual([]);
  });
});

whenPresent('a real cluster', () => {
  const start = {
    name: 'alone',
    forTests: true,
    readyWithinMs: 60_000,
    onProgress: () => undefined,
  };

  test('takes other ports when one was taken in between', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const taken = (holder.address() as AddressInfo).port;
    let attempts = 0;
    const cluster = await startRealCluster({
      ...start,
      programs: present(),
      folder: join(folder, 'retry'),
      claimPorts: async () => {
        const [etcdClient = 0, etcdPeer = 0, free = 0] = await freePorts(3);
        attempts += 1;
        return { etcdClient, etcdPeer, server: attempts === 1 ? taken : free };
      },
    });
    holder.close();
    expect(attempts).toBe(2);
    expect(cluster.server).not.toContain(String(taken));
    await cluster.stop();
    expect(existsSync(join(folder, 'retry'))).toBe(false);
  });

  test('that cannot start says why and leaves nothing', async () => {
    const broken = join(folder, 'broken-etcd');
    await writeFile(broken, '#!/bin/sh\necho "etcd: no such option"\nexit 2\n', { mode: 0o755 });
    const path = join(folder, 'broken');
    await expect(
      startRealCluster({
        ...start,
        folder: path,
        programs: { ...present(), etcd: { path: broken, source: 'assets' } },
      }),
    ).rejects.toThrow(/etcd ended \(exit code 2\).*\netcd: no such option/s);
    expect(await processesOf(path)).toEqual([]);
    expect(existsSync(path)).toBe(false);
  });

  test('ends with its parent, also when that is killed', async () => {
    const path = join(folder, 'orphan');
    const script = `
      import { startDevClusters, devClusterSettings } from ${JSON.stringify(import.meta.resolve('../index.ts'))};
      await startDevClusters({ names: ['a'], settings: devClusterSettings(process.env),
        dataFolder: ${JSON.stringify(path)}, forTests: true });
      console.log('up');
      setInterval(() => undefined, 1000);`;
    const parent = spawn(
      process.execPath,
      ['--no-warnings', '--conditions=@ambit/source', '--input-type=module', '-e', script],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const ended = once(parent, 'exit');
    const up = await Promise.race([
      once(parent.stdout, 'data').then(() => true),
      ended.then(() => false),
    ]);
    expect(up).toBe(true);
    parent.kill('SIGKILL');
    await ended;
    await eventually(
      async () => {
        expect(await processesOf(path)).toEqual([]);
        expect(await readdir(path)).toEqual([]);
      },
      { everyMs: 100, what: 'the end of all processes' },
    );
  });
});

async function signingRequest(user: string): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: `CN=${user}`,
    keys,
    signingAlgorithm: algorithm,
  });
  return JSON.stringify({
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: user },
    spec: {
      request: btoa(request.toString('pem')),
      signerName: 'kubernetes.io/kube-apiserver-client',
      usages: ['client auth'],
    },
  });
}
