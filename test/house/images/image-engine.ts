import { runTool } from './run-tool.ts';

/** What an image came to. */
export interface ImageFacts {
  /** Digest of its configuration, which stays the same wherever it is pushed to. */
  readonly id: string;
  /** Unpacked, as people read it. */
  readonly size: string;
}

export interface ImageOrder {
  readonly dockerfile: string;
  readonly reference: string;
  readonly context: string;
  /** Not build arguments: buildah 1.28 takes a step from its cache whatever the arguments in it are. */
  readonly labels: Readonly<Record<string, string>>;
}

/** A program that builds images. */
export interface ImageEngine {
  readonly name: 'docker' | 'buildah';
  build(order: ImageOrder): Promise<void>;
  facts(reference: string): Promise<ImageFacts>;
  /** What Node in the image prints for this script. */
  print(reference: string, script: string): Promise<string>;
}

/** Many times what it takes: other work of the machine is no fault of the build. */
const buildWithinMs = 60 * 60_000;
const askWithinMs = 120_000;

const argsOf = ({ dockerfile, reference, labels }: ImageOrder): string[] => [
  ...Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
  '--file',
  dockerfile,
  '--tag',
  reference,
  '.',
];

/** Docker with its daemon, which fetches what Dockerfiles start from. */
export function dockerEngine(
  env: NodeJS.ProcessEnv,
  onOutput: (text: string) => void,
): ImageEngine {
  const docker = (...args: string[]): Promise<string> =>
    runTool('docker', args, { env, withinMs: askWithinMs });
  return {
    name: 'docker',
    async build(order) {
      const options = { cwd: order.context, env, onOutput, withinMs: buildWithinMs };
      await runTool('docker', ['build', ...argsOf(order)], options);
    },
    async facts(reference) {
      const format = '{{.Id}} {{.Size}}';
      const [id = '', bytes] = (
        await docker('image', 'inspect', '--format', format, reference)
      ).split(' ');
      return { id, size: `${Math.round(Number(bytes) / 1e6)} MB` };
    },
    print: (reference, script) =>
      docker('run', '--rm', '--network=none', '--entrypoint', 'node', reference, '-e', script),
  };
}

/** Where buildah keeps images. Without folders: where it does for this account. */
export interface BuildahStore {
  readonly root?: string;
  readonly runRoot?: string;
  /** Nothing is fetched: what Dockerfiles start from has to be in the store. */
  readonly offline?: true;
  /** More options of every build. */
  readonly buildOptions?: readonly string[];
}

const storeArgs = ({ root, runRoot }: BuildahStore): string[] =>
  root === undefined || runRoot === undefined ? [] : ['--root', root, '--runroot', runRoot];

/** buildah, which needs no daemon. Commands of a Dockerfile run in a chroot, so that it works in a container too. */
export function buildahEngine(
  store: BuildahStore,
  env: NodeJS.ProcessEnv,
  onOutput: (text: string) => void,
): ImageEngine {
  const buildah = (...args: string[]): Promise<string> => runBuildah(store, args, env);
  const pull = store.offline === true ? ['--pull-never'] : [];
  return {
    name: 'buildah',
    async build(order) {
      const options = { cwd: order.context, env, onOutput, withinMs: buildWithinMs };
      const how = ['build', '--isolation', 'chroot', '--layers', '--format', 'oci', ...pull];
      const args = [...storeArgs(store), ...how, ...(store.buildOptions ?? []), ...argsOf(order)];
      await runTool('buildah', args, options);
    },
    async facts(reference) {
      const [facts] = JSON.parse(
        await buildah('images', '--no-trunc', '--json', reference),
      ) as ImageFacts[];
      if (facts === undefined) throw new Error(`buildah has no image ${reference}`);
      return { id: facts.id, size: facts.size };
    },
    async print(reference, script) {
      const container = (await buildah('from', '--pull-never', reference)).trim();
      try {
        return await buildah('run', '--isolation', 'chroot', container, '--', 'node', '-e', script);
      } finally {
        await buildah('rm', container);
      }
    },
  };
}

/** Runs one command of buildah in this store and gives what it printed. */
export function runBuildah(
  store: BuildahStore,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<string> {
  return runTool('buildah', [...storeArgs(store), ...args], { env, withinMs: askWithinMs });
}
