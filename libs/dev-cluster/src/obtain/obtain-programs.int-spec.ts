import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { create } from 'tar';
import type { Progress } from '../dev-cluster.ts';
import type { Environment } from '@ambit/config';
import { devClusterSettings } from '../settings.ts';
import type { BuildRecipe } from './build-recipe.ts';
import { obtainPrograms } from './obtain-programs.ts';
import { kubernetesVersion, officialReleases, type Release } from './pins.ts';
import { describeSources, programNames, type Programs } from './programs.ts';

let folder: string;
let server: Server;
let files: Map<string, Buffer>;
let asked: string[];
let told: Progress[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-obtain-'));
  files = new Map();
  asked = [];
  told = [];
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const file = files.get(request.url ?? '');
    if (file === undefined) response.writeHead(404).end();
    else response.end(file);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  await rm(folder, { recursive: true, force: true });
});

const cache = (): string => join(folder, 'cache', 'kubernetes', kubernetesVersion);

function obtain(
  more: { environment?: Environment; releases?: readonly Release[]; recipe?: BuildRecipe } = {},
): Promise<Programs> {
  const environment = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    AMBIT_CACHE_DIR: join(folder, 'cache'),
    ...more.environment,
  };
  return obtainPrograms({
    settings: devClusterSettings(environment),
    onProgress: (progress) => told.push(progress),
    releases: more.releases ?? [],
    recipe: more.recipe ?? nowhere,
    limits: { answerMs: 2_000, stallMs: 2_000, tries: 2 },
  });
}

const nowhere: BuildRecipe = {
  moduleFolder: tmpdir(),
  packages: ['./absent'],
  ldflags: '',
  coreSeconds: 1,
};

async function put(into: string, names: readonly string[], text = '#!/bin/sh\n'): Promise<void> {
  await mkdir(into, { recursive: true });
  for (const name of names) {
    await writeFile(join(into, name), text);
    await chmod(join(into, name), 0o755);
  }
}

const says = (version: string): string => `#!/bin/sh\necho Kubernetes ${version}\n`;

/** An archive of three programs and one program alone, as the official releases are. */
async function releases(): Promise<Release[]> {
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const names = ['kube-apiserver', 'etcd', 'kubectl'] as const;
  await put(
    join(folder, 'in', 'controller-tools', 'envtest'),
    [...names, 'README'],
    'from the archive',
  );
  const file = join(folder, 'envtest.tar.gz');
  await create({ file, gzip: true, cwd: join(folder, 'in') }, ['controller-tools']);
  const archive = await readFile(file);
  const alone = Buffer.from('alone');
  files.set('/envtest.tar.gz', archive);
  files.set('/kube-controller-manager', alone);
  files.set('/kube-controller-manager.sha256', Buffer.from(digest('sha256', alone)));
  const url = `${base}/kube-controller-manager`;
  return [
    {
      url: `${base}/envtest.tar.gz`,
      checksum: { algorithm: 'sha512', hex: digest('sha512', archive) },
      programs: names,
      form: 'tar.gz',
    },
    {
      url,
      checksum: { algorithm: 'sha256', publishedAt: `${url}.sha256` },
      programs: ['kube-controller-manager'],
      form: 'program',
    },
  ];
}

function digest(algorithm: string, bytes: Buffer): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

/** A Go module that builds something under the four names. */
async function tinyRecipe(): Promise<BuildRecipe> {
  const moduleFolder = join(folder, 'module');
  for (const name of programNames) {
    await mkdir(join(moduleFolder, name), { recursive: true });
    await writeFile(join(moduleFolder, name, 'main.go'), 'package main\n\nfunc main() {}\n');
  }
  await writeFile(join(moduleFolder, 'go.mod'), 'module tiny\n\ngo 1.21\n');
  const packages = programNames.map((name) => `./${name}`);
  return { moduleFolder, packages, ldflags: '', coreSeconds: 1 };
}

describe('programs', () => {
  test('are each looked up alone: KUBEBUILDER_ASSETS first, then the cache', async () => {
    const assets = join(folder, 'assets');
    await put(assets, ['kube-apiserver', 'etcd', 'kubectl'], says(kubernetesVersion));
    await put(cache(), programNames);
    const programs = await obtain({ environment: { KUBEBUILDER_ASSETS: assets } });
    expect(programs.etcd).toEqual({ path: join(assets, 'etcd'), source: 'assets' });
    expect(programs['kube-controller-manager'].source).toBe('cache');
    expect(describeSources(programs)).toBe(
      `KUBEBUILDER_ASSETS (${assets}) and the cache (${cache()})`,
    );
    expect(told).toEqual([]);
  });

  test('of another version are passed over when they lack a controller manager', async () => {
    const assets = join(folder, 'assets');
    await put(assets, ['kube-apiserver', 'etcd', 'kubectl'], says('v1.30.0'));
    await put(cache(), programNames);
    const programs = await obtain({ environment: { KUBEBUILDER_ASSETS: assets } });
    expect(programs['kube-apiserver'].source).toBe('cache');
    expect(told[0]?.message).toMatch(/passed over: .* is v1\.30\.0 instead of v1\.36/);
    await put(assets, ['kube-controller-manager'], says('v1.30.0'));
    const own = await obtain({ environment: { KUBEBUILDER_ASSETS: assets } });
    expect(programNames.map((name) => own[name].source)).toEqual(programNames.map(() => 'assets'));
  });

  test('that may not be run do not count', async () => {
    await put(cache(), programNames);
    await chmod(join(cache(), 'etcd'), 0o644);
    await expect(obtain()).rejects.toMatchObject({ code: 'kubernetes_unavailable' });
    expect(told[0]?.message).toMatch(/^etcd v1.* found neither/);
  });

  test('are downloaded once, verified, and kept for the next time, which needs no network', async () => {
    const official = await releases();
    const programs = await obtain({ releases: official });
    expect(programs.kubectl.source).toBe('download');
    expect(await readFile(programs.kubectl.path, 'utf8')).toBe('from the archive');
    expect(await readFile(programs['kube-controller-manager'].path, 'utf8')).toBe('alone');
    expect((await readdir(cache())).toSorted()).toEqual([...programNames].toSorted());
    asked = [];
    const again = await obtain({ releases: official, environment: { AMBIT_OFFLINE: '1' } });
    expect(again.kubectl.source).toBe('cache');
    expect(asked).toEqual([]);
  });

  test('are fetched by one of several that ask at once; the others wait and share', async () => {
    const official = await releases();
    const all = await Promise.all([1, 2, 3].map(() => obtain({ releases: official })));
    expect(new Set(all.map((programs) => programs.etcd.path)).size).toBe(1);
    expect(asked.filter((path) => path === '/envtest.tar.gz')).toHaveLength(1);
    expect(told.some(({ message }) => message.includes('waiting for process'))).toBe(true);
  });

  test('are downloaded only as far as they are missing', async () => {
    await put(cache(), ['kube-apiserver', 'etcd', 'kubectl']);
    const programs = await obtain({ releases: await releases() });
    expect(asked).toEqual(['/kube-controller-manager.sha256', '/kube-controller-manager']);
    expect(programs['kube-controller-manager'].source).toBe('download');
    expect(programs.etcd.source).toBe('cache');
  });

  test('are built when the download has the wrong checksum', async () => {
    const official = await releases();
    files.set('/envtest.tar.gz', Buffer.from('something else'));
    const programs = await obtain({ releases: official, recipe: await tinyRecipe() });
    expect(programs.etcd.source).toBe('build');
    const fallback = told.find(({ phase }) => phase === 'fallback');
    expect(fallback?.message).toMatch(/^the download failed: .*checksum differs/);
    expect(programNames.map((name) => basename(programs[name].path))).toEqual([...programNames]);
  });

  test('that cannot be had are refused with one reason for each way and the next step', async () => {
    const official = await releases();
    files.clear();
    await expect(
      obtain({ releases: official, environment: { PATH: folder } }),
    ).rejects.toMatchObject({
      code: 'kubernetes_unavailable',
      extras: {
        errors: [
          { message: expect.stringContaining('answered 404') },
          { message: expect.stringContaining('no Go on this machine') },
        ],
        hint: expect.stringMatching(/KUBEBUILDER_ASSETS.*AMBIT_KUBERNETES=simulated/),
      },
    });
    expect(await readdir(cache())).toEqual([]);
  });

  test('are not fetched when AMBIT_OFFLINE forbids it', async () => {
    const refused = obtain({
      releases: await releases(),
      environment: { AMBIT_OFFLINE: '1', PATH: folder },
    });
    await expect(refused).rejects.toMatchObject({
      extras: { errors: [{ message: 'AMBIT_OFFLINE=1 forbids the download.' }, expect.anything()] },
    });
    expect(asked).toEqual([]);
  });
});

test('official releases exist for Linux and macOS, and the controller manager for Linux only', () => {
  const programs = (platform: string, arch: string): string[] =>
    officialReleases(platform, arch).flatMap((release) => [...release.programs]);
  expect(programs('linux', 'x64')).toHaveLength(4);
  expect(programs('linux', 'arm64')).toHaveLength(4);
  expect(programs('darwin', 'arm64')).toEqual(['kube-apiserver', 'etcd', 'kubectl']);
  expect(programs('win32', 'x64')).toEqual([]);
});
