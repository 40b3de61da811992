import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { devClusterSettings } from '@ambit/dev-cluster';
import { build } from 'esbuild';
import { uninstalled, withFiles } from '../../apps/central/external-packages.mjs';
import type { programs } from './run-program.ts';

type Programs = Pick<typeof programs, 'central' | 'agent'>;

/** The programs of the release before this one, or why they cannot be had. */
export type FormerRelease =
  | { readonly name: string; readonly programs: { readonly [Name in keyof Programs]: string } }
  | { readonly missing: string };

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Until there is a release with a tag: the last commit with compiler 3. Replaced by the newest tag `v*` below this commit. */
const recorded = '395421b0090fb38b033283260c9973f5266808ad';
const requireOfNode = `import { createRequire as ambitRequire } from 'node:module';
const require = ambitRequire(import.meta.url);
const __filename = import.meta.filename;
const __dirname = import.meta.dirname;`;

/**
 * Central and the agent of the former release, built from the history of this repository: its sources over the packages that are
 * installed, in seconds, kept for the next run. Where it needs other packages than those, npm installs them once.
 */
export async function formerRelease(): Promise<FormerRelease> {
  const commit = await formerCommit();
  if (commit === undefined) return { missing: `this clone has no commit ${recorded}` };
  // Beside Kubernetes and helm. Under node_modules the bundler would not read how the sources are compiled.
  const { cacheFolder } = devClusterSettings(process.env);
  const folder = join(
    dirname(cacheFolder),
    'former-release',
    `${commit.id}-${await packagesHere()}`,
  );
  if (!(await exists(folder))) {
    const making = `${folder}.${process.pid}`;
    await make(commit.id, making);
    // Another run may have been faster.
    await rename(making, folder).catch(() => rm(making, { recursive: true }));
  }
  const program = (app: string): string => join(folder, 'apps', app, 'bin', `ambit-${app}.js`);
  return { name: commit.name, programs: { central: program('central'), agent: program('agent') } };
}

interface Commit {
  readonly id: string;
  readonly name: string;
}

async function formerCommit(): Promise<Commit | undefined> {
  const tag = await git('describe', '--tags', '--abbrev=0', '--match', 'v*', 'HEAD^');
  const name = tag ?? recorded;
  const id = await git('rev-parse', '--verify', '--quiet', `${name}^{commit}`);
  return id === undefined ? undefined : { id, name };
}

async function make(commit: string, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const archive = `${folder}.tar`;
  await run('git', ['archive', '--output', archive, commit], root);
  await run('tar', ['-xf', archive, '-C', folder], root);
  await rm(archive);
  if (await sameLock(folder)) await linkPackages(folder);
  else await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], folder);
  for (const app of ['central', 'agent']) await bundle(join(folder, 'apps', app));
}

/** The cache outlives a clone, and its programs lean on the packages of the clone that built them: each clone keeps its own. */
async function packagesHere(): Promise<string> {
  const lock = await readFile(join(root, 'package-lock.json'));
  return createHash('sha256').update(root).update(lock).digest('hex').slice(0, 12);
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly dev?: true }>>;
}

/** True when every package that the former release runs with is installed here, in the same place and version. */
async function sameLock(folder: string): Promise<boolean> {
  const read = async (of: string): Promise<Lock> =>
    JSON.parse(await readFile(join(of, 'package-lock.json'), 'utf8')) as Lock;
  const [former, { packages: here }] = [await read(folder), await read(root)];
  return Object.entries(former.packages).every(
    ([path, { version, dev }]) =>
      dev === true || !path.includes('node_modules/') || here[path]?.version === version,
  );
}

/** The packages of this checkout, but for those of this repository, which are the former ones. */
async function linkPackages(folder: string): Promise<void> {
  const workspaces = await Promise.all(
    ['apps', 'libs'].map(async (part) =>
      (await readdir(join(folder, part))).map((name) => join(part, name)),
    ),
  );
  await mkdir(join(folder, 'node_modules/@ambit'), { recursive: true });
  for (const name of await readdir(join(root, 'node_modules'))) {
    if (name === '@ambit' || name.startsWith('.')) continue;
    await symlink(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  }
  for (const workspace of workspaces.flat()) {
    const { name } = JSON.parse(
      await readFile(join(folder, workspace, 'package.json'), 'utf8'),
    ) as { readonly name: string };
    const link = join(folder, 'node_modules', name);
    // From here to there: the folder gets its name when it is complete.
    await symlink(relative(dirname(link), join(folder, workspace)), link);
    const own = join(root, workspace, 'node_modules');
    if (await exists(own)) await symlink(own, join(folder, workspace, 'node_modules'));
  }
}

/** As the release itself would be bundled, but from its sources: checking its types again would take minutes. */
async function bundle(app: string): Promise<void> {
  await build({
    entryPoints: [join(app, 'src/main.ts')],
    outdir: join(app, 'dist/bundle'),
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    mainFields: ['module', 'main'],
    conditions: ['@ambit/source'],
    keepNames: true,
    external: [...withFiles, ...uninstalled],
    banner: { js: requireOfNode },
    logLevel: 'error',
    logLimit: 3,
  });
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

async function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { cwd, timeout: 300_000 });
  return stdout.trim();
}

/** Undefined when git knows no answer. */
const git = (...args: readonly string[]): Promise<string | undefined> =>
  run('git', args, root).catch(() => undefined);
