// `npm run images`: builds the images of the three programs, says how large they are, and writes their bills of materials.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readCommand } from '../read-command.ts';
import { buildImages, localEngine, localImages } from './build-images.ts';
import { buildahEngine, dockerEngine, type ImageEngine } from './image-engine.ts';

const usage = `Usage: npm run images [-- OPTIONS]

Builds localhost/ambit-central, localhost/ambit-agent and localhost/ambit.

  --with docker|buildah   what builds them; without it docker when its daemon answers, else buildah
  --local-base            no registry is asked: on a base of Debian's packages and the Node of the lock file, by buildah as
                          root (with mmdebstrap), in a store of its own. To try, not to publish.`;
const { values } = readCommand(usage, {
  options: { with: { type: 'string' }, 'local-base': { type: 'boolean', default: false } },
});
const root = fileURLToPath(new URL('../../..', import.meta.url));
const show = (text: string): void => void process.stderr.write(text);

function answers(program: string, ...args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore', timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}

async function chooseEngine(): Promise<ImageEngine> {
  if (values['local-base']) return await localEngine(localImages(process.env), process.env, show);
  const name = values.with ?? (answers('docker', 'info') ? 'docker' : 'buildah');
  if (name === 'docker') return dockerEngine(process.env, show);
  if (name !== 'buildah') throw new Error(`--with ${name}: it is docker or buildah`);
  if (answers('buildah', '--version')) return buildahEngine({}, process.env, show);
  throw new Error('There is neither a docker that answers nor buildah: install one of them.');
}

function revision(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  return git('rev-parse', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '-changed');
}

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
};
try {
  const engine = await chooseEngine();
  const folder = join(root, '.data/images');
  const images = await buildImages(engine, { version, revision: revision() }, folder);
  for (const { reference, size, id, sbom } of Object.values(images)) {
    console.log(`${reference}  ${size}  ${id}\n  ${sbom}`);
  }
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
