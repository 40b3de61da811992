import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultCacheFolder } from '@ambit/config';
import { buildahEngine, runBuildah, type BuildahStore, type ImageEngine } from './image-engine.ts';
import { baseOf, makeLocalBase } from './local-base.ts';

const house = fileURLToPath(new URL('../../..', import.meta.url));

/** Command of each program with an image, by the folder of its Dockerfile. */
export const imageCommands = {
  central: 'ambit-central',
  agent: 'ambit-agent',
  cli: 'ambit',
} as const;
export type ImageApp = keyof typeof imageCommands;
const imageApps = Object.keys(imageCommands) as ImageApp[];

export interface BuiltImage {
  readonly reference: string;
  readonly id: string;
  readonly size: string;
  /** Path of its bill of materials, which is in the image too. */
  readonly sbom: string;
}

export interface ImageVersion {
  readonly version: string;
  /** Of the commit. */
  readonly revision: string;
}

/** Builds the three images and writes their bills of materials into `folder`. */
export async function buildImages(
  engine: ImageEngine,
  { version, revision }: ImageVersion,
  folder: string,
): Promise<Readonly<Record<ImageApp, BuiltImage>>> {
  await mkdir(folder, { recursive: true });
  const built: [ImageApp, BuiltImage][] = [];
  // One after the other: they share their first stage.
  for (const app of imageApps) {
    const command = imageCommands[app];
    const reference = `localhost/${command}:${version}`;
    await engine.build({
      dockerfile: dockerfileOf(app),
      reference,
      context: house,
      labels: {
        'org.opencontainers.image.version': version,
        'org.opencontainers.image.revision': revision,
      },
    });
    const inside = JSON.stringify(`/opt/ambit/${command}.cdx.json`);
    const sbom = join(folder, `${command}.cdx.json`);
    const script = `process.stdout.write(fs.readFileSync(${inside}))`;
    await writeFile(sbom, await engine.print(reference, script));
    built.push([app, { reference, ...(await engine.facts(reference)), sbom }]);
  }
  return Object.fromEntries(built) as Record<ImageApp, BuiltImage>;
}

export const dockerfileOf = (app: ImageApp): string => join(house, 'apps', app, 'Dockerfile');

/** Images of this machine alone: on a base of its own, in a store of its own, below the user's cache folder. */
export interface LocalImages {
  readonly folder: string;
  readonly store: BuildahStore;
}

/** Where they are kept. */
export function localImages(env: NodeJS.ProcessEnv): LocalImages {
  const cache = env['AMBIT_CACHE_DIR'] || defaultCacheFolder(env);
  const folder = join(cache, 'images');
  const npmCache = env['npm_config_cache'] || join(homedir(), '.npm');
  const store: BuildahStore = {
    root: join(folder, 'store'),
    runRoot: join(folder, 'run'),
    offline: true,
    // What `npm ci` fetched for this checkout is not fetched again.
    buildOptions: ['--volume', `${npmCache}:/root/.npm`],
  };
  return { folder, store };
}

/** An engine whose base has been made here. Throws where that cannot be done. */
export async function localEngine(
  local: LocalImages,
  env: NodeJS.ProcessEnv,
  onOutput: (text: string) => void,
): Promise<ImageEngine> {
  await forgetOldBuilds(local.store, env);
  await makeLocalBase(await baseOf(dockerfileOf('central')), local, env);
  return buildahEngine(local.store, env, onOutput);
}

/** Steps of builds that are kept to be taken again: those of some four states of the source, 2 GB. */
const keptSteps = 100;

/** Starts anew when there is too much. What a container of another run uses stays, and buildah says so. */
async function forgetOldBuilds(store: BuildahStore, env: NodeJS.ProcessEnv): Promise<void> {
  const steps = (await runBuildah(store, ['images', '--all', '--quiet'], env)).trim().split('\n');
  if (steps.length <= keptSteps) return;
  await runBuildah(store, ['rmi', '--all'], env).catch(() => undefined);
}
