import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildahEngine, type BuildahStore } from './image-engine.ts';
import { runTool } from './run-tool.ts';

const house = fileURLToPath(new URL('../../..', import.meta.url));

/** What a build reads from the base: a shell, its tools, and the libraries that Node is linked with. */
const debianPackages = [
  'base-files',
  'base-passwd',
  'coreutils',
  'dash',
  'debianutils',
  'diffutils',
  'dpkg',
  'findutils',
  'grep',
  'libc-bin',
  'libstdc++6',
  'sed',
  'tar',
];
const release = 'bookworm';
const debianWithinMs = 5 * 60_000;
const authorities = '/etc/ssl/build-authorities.pem';

/** The image that a Dockerfile starts from. */
export async function baseOf(dockerfile: string): Promise<string> {
  const name = /^FROM (\S+)/m.exec(await readFile(dockerfile, 'utf8'))?.[1];
  if (name === undefined) throw new Error(`${dockerfile} starts from nothing`);
  return name;
}

/**
 * Makes the image that our Dockerfiles start from, under the same name, where no registry can be asked: a few packages of
 * Debian, the Node of our lock file and the npm that runs this. It stays in a store of its own and is never to be published.
 * Its last step runs Node and npm in it. Throws where Debian's packages or the right to mount cannot be had.
 */
export async function makeLocalBase(
  name: string,
  { folder, store }: { readonly folder: string; readonly store: BuildahStore },
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const debian = await debianFiles(folder, env);
  const context = await mkdtemp(join(tmpdir(), 'ambit-base-'));
  try {
    await cp(debian, join(context, 'debian.tar'));
    const bin = join(context, 'usr/local/bin');
    await mkdir(bin, { recursive: true });
    await cp(ownNode(), join(bin, 'node'));
    await cp(ownNpm(env), join(context, 'usr/local/lib/node_modules/npm'), { recursive: true });
    const extra = env['NODE_EXTRA_CA_CERTS'] ?? '';
    const trusted = extra === '' ? '' : await readFile(extra, 'utf8');
    await mkdir(join(context, dirname(authorities)), { recursive: true });
    await writeFile(join(context, authorities), trusted);
    await writeFile(join(context, 'Dockerfile'), dockerfile(trusted !== ''));
    await buildahEngine(store, env, () => undefined).build({
      dockerfile: join(context, 'Dockerfile'),
      reference: name,
      context,
      labels: {},
    });
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

const dockerfile = (trusts: boolean): string => `FROM scratch
ADD debian.tar /
COPY usr /usr
COPY etc /etc
ENV PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin npm_config_prefer_offline=true npm_config_update_notifier=false
${trusts ? `ENV NODE_EXTRA_CA_CERTS=${authorities}` : ''}
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && \\
    ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx && node --version && npm --version
`;

/** An archive of Debian's packages, unpacked and set up, from the cache or made into it. */
async function debianFiles(folder: string, env: NodeJS.ProcessEnv): Promise<string> {
  const archive = join(folder, `debian-${release}.tar`);
  if (existsSync(archive)) return archive;
  await mkdir(folder, { recursive: true });
  const made = await mkdtemp(join(folder, 'making-'));
  try {
    const tar = join(made, 'debian.tar');
    const leave = ['doc', 'locale', 'man', 'info'].map(
      (name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`,
    );
    const include = `--include=${debianPackages.join(',')}`;
    const args = ['--variant=custom', '--mode=root', '--quiet', include, ...leave, release, tar];
    await runTool('mmdebstrap', args, { env, withinMs: debianWithinMs });
    await rename(tar, archive);
    return archive;
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

function ownNode(): string {
  const path = join(house, 'node_modules', `node-linux-${process.arch}`, 'bin/node');
  if (existsSync(path)) return path;
  throw new Error(`there is no Node of the lock file for linux-${process.arch}: run npm ci`);
}

function ownNpm(env: NodeJS.ProcessEnv): string {
  // npm sets it for what it runs.
  const cli = env['npm_execpath'];
  if (cli?.endsWith('/bin/npm-cli.js') !== true) throw new Error('run this by npm');
  return dirname(dirname(cli));
}
