import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { ManagedProcess, ProcessFolder } from '@ambit/dev-cluster';
import { environment } from '../support/run-program.ts';
import { runBuildah } from '../house/images/image-engine.ts';
import type { BuildahStore } from '../house/images/image-engine.ts';
import { runTool } from '../house/images/run-tool.ts';

/** The configuration of an image, as far as a runtime heeds it. */
export interface ImageConfig {
  readonly User?: string;
  readonly Env: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[] | null;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
}

export interface Mount {
  /** Of this machine. */
  readonly source: string;
  readonly readOnly: boolean;
}

/** How a container is run; what is not said is as the image says. */
export interface ContainerStart {
  readonly name: string;
  readonly image: string;
  /** In place of the entrypoint. */
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** By where they are in the container. */
  readonly mounts?: Readonly<Record<string, Mount>>;
}

export interface Container {
  readonly process: ManagedProcess;
  /** Runs another program in it, as the same user, and gives what it printed. */
  exec(...args: string[]): Promise<string>;
}

const withinMs = 60_000;
/** For an image that names none: nobody has this number. */
const noAccount = '54321:54321';

/**
 * Runs containers as a kubelet runs those of our charts: as uid 54321 with no capability, none to be gained, and a root file
 * system that cannot be written to; what is mounted can. Names, processes and memory are the container's own, and the network is
 * the machine's. The root file system is the image itself.
 */
export class ContainerHost {
  readonly #folder: ProcessFolder;
  readonly #store: BuildahStore;
  readonly #mounted: string[] = [];
  readonly #ids: string[] = [];

  constructor(folder: ProcessFolder, store: BuildahStore) {
    this.#folder = folder;
    this.#store = store;
  }

  async config(image: string): Promise<ImageConfig> {
    const printed = await this.#buildah('inspect', '--type', 'image', image);
    return (JSON.parse(printed) as { OCIv1: { config: ImageConfig } }).OCIv1.config;
  }

  /** The root file system of an image, to be looked at. */
  async root(image: string): Promise<string> {
    const container = (await this.#buildah('from', '--pull-never', image)).trim();
    this.#mounted.push(container);
    return (await this.#buildah('mount', container)).trim();
  }

  async start(start: ContainerStart): Promise<Container> {
    const { name, image } = start;
    const root = await this.root(image);
    const bundle = join(this.#folder.path, 'bundles', name);
    await mkdir(bundle, { recursive: true });
    const spec = runtimeSpec(root, await this.config(image), start);
    await writeFile(join(bundle, 'config.json'), JSON.stringify(spec, null, 2), { mode: 0o600 });
    const id = `ambit-${process.pid}-${name}`;
    this.#ids.push(id);
    const args = [...this.#runtimeRoot(), 'run', '--bundle', bundle, id];
    const started = this.#folder.start({ name, program: 'runc', args, environment });
    return {
      process: started,
      exec: (...command) => this.#runc('exec', id, ...command),
    };
  }

  /** What a command prints in this image. Throws where containers cannot be run. Afterwards nothing is left. */
  async tried(image: string, command: readonly string[]): Promise<string> {
    try {
      const { process } = await this.start({ name: 'tried', image, command });
      const deadline = performance.now() + withinMs;
      while (process.alive && performance.now() < deadline) await wait(50);
      const said = await process.tail(4);
      if (process.alive || process.exit !== 'exit code 0') throw new Error(said || process.exit);
      return said;
    } finally {
      await this.#folder.clean(1_000);
      await this.stop();
    }
  }

  /** Ends what still runs and lets go of the images. */
  async stop(): Promise<void> {
    for (const id of this.#ids.splice(0)) {
      await this.#runc('delete', '--force', id).catch(() => undefined);
    }
    for (const container of this.#mounted.splice(0)) await this.#buildah('rm', container);
    await rm(join(this.#folder.path, 'bundles'), { recursive: true, force: true });
  }

  #runtimeRoot(): string[] {
    return ['--root', join(this.#folder.path, 'runc')];
  }

  #runc(...args: string[]): Promise<string> {
    return runTool('runc', [...this.#runtimeRoot(), ...args], { env: environment, withinMs });
  }

  #buildah(...args: string[]): Promise<string> {
    return runBuildah(this.#store, args, environment);
  }
}

/** After the OCI runtime specification 1.0. */
function runtimeSpec(root: string, config: ImageConfig, start: ContainerStart): object {
  const { name, command = config.Entrypoint ?? [], args = config.Cmd ?? [], env = {} } = start;
  const [uid, gid] = (config.User ?? noAccount).split(':').map(Number);
  const network = Object.fromEntries(
    ['/etc/hosts', '/etc/resolv.conf'].map((path) => [path, { source: path, readOnly: true }]),
  );
  return {
    ociVersion: '1.0.2',
    hostname: name,
    root: { path: root, readonly: true },
    process: {
      user: { uid, gid },
      args: [...command, ...args],
      env: [...config.Env, ...Object.entries(env).map(([key, value]) => `${key}=${value}`)],
      cwd: config.WorkingDir || '/',
      capabilities: {},
      noNewPrivileges: true,
    },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      ...Object.entries({ ...network, ...start.mounts }).map(([path, mount]) => bind(path, mount)),
    ],
    linux: {
      namespaces: ['pid', 'mount', 'ipc', 'uts'].map((type) => ({ type })),
      maskedPaths: ['/proc/kcore', '/proc/keys', '/proc/timer_list', '/sys/firmware'],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    },
  };
}

function bind(destination: string, { source, readOnly }: Mount): object {
  const options = ['rbind', readOnly ? 'ro' : 'rw', 'nosuid', 'nodev'];
  return { destination, type: 'bind', source, options };
}
