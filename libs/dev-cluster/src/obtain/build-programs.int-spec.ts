import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Progress } from '../dev-cluster.ts';
import type { Environment } from '@ambit/config';
import { devClusterSettings } from '../settings.ts';
import { buildPrograms } from './build-programs.ts';
import { kubernetesRecipe, type BuildRecipe } from './build-recipe.ts';

let folder: string;
let told: Progress[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-build-'));
  told = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const main = 'package main\n\nvar version = "none"\n\nfunc main() { println(version) }\n';

/** A Go module of two programs without any requirement. */
async function aModule(goMod = 'module tiny\n\ngo 1.21\n', source = main): Promise<BuildRecipe> {
  const moduleFolder = join(folder, 'module');
  for (const name of ['alpha', 'beta']) {
    await mkdir(join(moduleFolder, name), { recursive: true });
    await writeFile(join(moduleFolder, name, 'main.go'), source);
  }
  await writeFile(join(moduleFolder, 'go.mod'), goMod);
  return {
    moduleFolder,
    packages: ['./alpha', './beta'],
    ldflags: '-X main.version=v7',
    coreSeconds: 4,
  };
}

function build(
  recipe: BuildRecipe,
  more: Environment = {},
  to = join(folder, 'out'),
): Promise<void> {
  return buildPrograms({
    recipe,
    folder: to,
    settings: devClusterSettings({ ...process.env, ...more }),
    onProgress: (progress) => told.push(progress),
  });
}

describe('a build from Go modules', () => {
  test('makes all programs, stamped, and tells how far it is', async () => {
    await build(await aModule());
    const out = join(folder, 'out');
    expect((await readdir(out)).toSorted()).toEqual(['alpha', 'beta']);
    const said = execFileSync('sh', ['-c', '"$0" 2>&1', join(out, 'alpha')], { encoding: 'utf8' });
    expect(said).toBe('v7\n');
    expect(told[0]?.message).toMatch(/^building with Go 1\.\d+/);
    expect(told.some(({ etaSeconds }) => etaSeconds !== undefined && etaSeconds > 0)).toBe(true);
    expect(told.at(-1)).toMatchObject({
      percent: 100,
      message: expect.stringMatching(/^built in/),
    });
  });

  test('that fails leaves nothing and shows what the compiler said', async () => {
    const recipe = await aModule(undefined, 'package main\n\nfunc main() { nothing() }\n');
    await expect(build(recipe)).rejects.toMatchObject({
      code: 'kubernetes_unavailable',
      extras: { why: expect.stringContaining('undefined: nothing') },
    });
    expect(await readdir(join(folder, 'out'))).toEqual([]);
  });

  test('without Go says where to get it', async () => {
    await expect(build(await aModule(), { PATH: folder })).rejects.toMatchObject({
      code: 'kubernetes_unavailable',
      message: expect.stringContaining('no Go on this machine'),
      extras: { hint: expect.stringContaining('https://go.dev/dl') },
    });
  });

  test('with modules that cannot be fetched names the proxy variables', async () => {
    const recipe = await requiring('example.com/absent');
    for (const proxy of ['off', 'http://127.0.0.1:9']) {
      await expect(build(recipe, { GOPROXY: proxy })).rejects.toMatchObject({
        code: 'kubernetes_unavailable',
        message: 'Go could not fetch the modules of Kubernetes.',
        extras: { hint: expect.stringContaining('HTTPS_PROXY or GOPROXY') },
      });
    }
  });

  test('offline never asks the network', async () => {
    const recipe = await requiring('example.com/absent');
    const refused = build(recipe, { GOPROXY: 'http://127.0.0.1:9', AMBIT_OFFLINE: '1' });
    await expect(refused).rejects.toMatchObject({
      extras: { why: expect.stringContaining('GOPROXY=off') },
    });
  });

  test('refuses a module that is not the one go.sum pins', async () => {
    const recipe = await requiring('example.com/changed');
    const proxy = join(folder, 'proxy', 'example.com', 'changed', '@v');
    await mkdir(proxy, { recursive: true });
    await writeFile(join(proxy, 'v1.0.0.mod'), 'module example.com/changed\n');
    await writeFile(join(proxy, 'v1.0.0.info'), '{"Version":"v1.0.0"}');
    const environment = {
      GOPROXY: `file://${join(folder, 'proxy')}`,
      GOMODCACHE: join(folder, 'modcache'),
      GONOSUMDB: '*',
    };
    await expect(build(recipe, environment)).rejects.toMatchObject({
      message: 'A Go module is not the one that go.sum pins. It was refused.',
    });
  });

  test('into a folder that cannot be written names the variable that moves it', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(build(await aModule(), {}, join(folder, 'file', 'x'))).rejects.toMatchObject({
      code: 'storage_unwritable',
    });
  });
});

/** A module whose programs need another one, of which go.sum says what it never was. */
async function requiring(path: string): Promise<BuildRecipe> {
  const recipe = await aModule(
    `module tiny\n\ngo 1.21\n\nrequire ${path} v1.0.0\n`,
    `package main\n\nimport _ "${path}"\n\nfunc main() {}\n`,
  );
  const digest = `h1:${btoa('0'.repeat(32))}`;
  const sums = `${path} v1.0.0 ${digest}\n${path} v1.0.0/go.mod ${digest}\n`;
  await writeFile(join(recipe.moduleFolder, 'go.sum'), sums);
  return recipe;
}

test('the recipe of Kubernetes points to a module with pinned sums', async () => {
  const { moduleFolder, packages } = kubernetesRecipe();
  expect(await readdir(moduleFolder)).toEqual(expect.arrayContaining(['go.mod', 'go.sum', 'etcd']));
  expect(packages).toHaveLength(4);
});
