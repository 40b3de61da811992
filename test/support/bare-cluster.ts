import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import {
  devClusterSettings,
  freePorts,
  obtainHelm,
  obtainPrograms,
  ProcessFolder,
  startDevClusters,
  waitUntil,
} from '@ambit/dev-cluster';
import type { DevCluster, DevClusters, ManagedProcess } from '@ambit/dev-cluster';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { stringify } from 'yaml';
import { manifests } from '../charts/render.ts';
import type { Manifest } from '../charts/render.ts';
import type { PodContainer, PodSpec } from '../containers/pod-container.ts';
import { house } from '../planted/house-copy.ts';
import { environment, programs } from './run-program.ts';

export interface Said {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const withinMs = 90_000;

/**
 * A shell in which a reader of the README works, with a real API server and no node: what a kubelet would start runs here as a
 * process, with the variables that its pod got. Ports are ours, and what `kubectl exec` reaches is the same program.
 */
export class BareCluster {
  readonly #clusters: DevClusters;
  readonly #database: TestDatabase;
  readonly #processes: ProcessFolder;
  readonly #ports: readonly number[];
  readonly folder: string;

  private constructor(parts: {
    clusters: DevClusters;
    database: TestDatabase;
    processes: ProcessFolder;
    ports: readonly number[];
    folder: string;
  }) {
    this.#clusters = parts.clusters;
    this.#database = parts.database;
    this.#processes = parts.processes;
    this.#ports = parts.ports;
    this.folder = parts.folder;
  }

  static async start(): Promise<BareCluster> {
    const settings = devClusterSettings(process.env);
    const helm = await obtainHelm(settings, () => undefined);
    const { kubectl } = await obtainPrograms({ settings, onProgress: () => undefined });
    const folder = await mkdtemp(join(tmpdir(), 'ambit-bare-'));
    const processes = await ProcessFolder.create(join(folder, 'processes'));
    const clusters = await startDevClusters({ names: ['prod'], settings, forTests: true });
    const database = await testDatabase();
    await clusters.cluster('prod').writeKubeconfig(join(folder, 'kubeconfig'));
    await symlink(join(house, 'helm'), join(folder, 'helm'));
    const bare = new BareCluster({
      clusters,
      database,
      processes,
      ports: await freePorts(4),
      folder,
    });
    await bare.#makeCommands(helm, kubectl.path);
    return bare;
  }

  get #cluster(): DevCluster {
    return this.#clusters.cluster('prod');
  }

  /** URLs of the three roles, as an editor leaves them: with an end of line. */
  async writeUrls(): Promise<void> {
    const { url, ownerUrl, auditUrl } = this.#database;
    for (const [name, text] of Object.entries({
      url,
      'owner-url': ownerUrl,
      'audit-url': auditUrl,
    }))
      await writeFile(join(this.folder, name), `${text}\n`, { mode: 0o600 });
  }

  /** A port of central's REST API that `kubectl port-forward` would have opened. */
  get restPort(): number {
    return this.#ports[0] ?? 0;
  }

  async #makeCommands(helm: string, kubectl: string): Promise<void> {
    const node = `exec ${process.execPath}`;
    const commands = {
      // No controller runs the Job of the migration, for which helm would wait: it is run in its place.
      helm: `case $1 in install) exec ${helm} "$@" --no-hooks;; esac\nexec ${helm} "$@"`,
      kubectl: [
        'case " $* " in',
        `*" exec "*) while [ "$1" != -- ]; do shift; done; shift 2; set -a; . ./pod.env; ${node} ${programs.central} "$@";;`,
        '*" port-forward "*) exit 0;;',
        'esac',
        `exec ${kubectl} "$@"`,
      ].join('\n'),
      npx: `shift; ${node} ${programs.cli} "$@"`,
    };
    await mkdir(join(this.folder, 'bin'));
    for (const [name, script] of Object.entries(commands)) {
      await writeFile(join(this.folder, 'bin', name), `#!/bin/sh\n${script}\n`);
      await chmod(join(this.folder, 'bin', name), 0o755);
    }
  }

  /** Runs one command as it stands. A failure is a result. */
  shell(command: string): Promise<Said> {
    const { folder } = this;
    const PATH = `${join(folder, 'bin')}:/usr/bin:/bin`;
    const env = { PATH, HOME: folder, KUBECONFIG: join(folder, 'kubeconfig') };
    return new Promise((resolve) => {
      const options = { env, cwd: folder, timeout: withinMs };
      execFile('/bin/sh', ['-c', command], options, (error, stdout, stderr) =>
        resolve({ exitCode: error === null ? 0 : 1, stdout, stderr }),
      );
    });
  }

  async #done(command: string): Promise<string> {
    const { exitCode, stdout, stderr } = await this.shell(command);
    if (exitCode !== 0) throw new Error(`${command}: ${stderr}`);
    return stdout;
  }

  /** What a release made, hooks among it. */
  async release(name: string, namespace: string): Promise<readonly Manifest[]> {
    const parts = ['manifest', 'hooks'].map((what) =>
      this.#done(`helm get ${what} ${name} -n ${namespace}`),
    );
    return (await Promise.all(parts)).flatMap(manifests);
  }

  /** The variables of a container, Secrets looked up as a kubelet does. */
  async #variables(
    { env = [] }: PodContainer,
    namespace: string,
  ): Promise<Readonly<Record<string, string>>> {
    const rows = env.map(async ({ name, value, valueFrom }) => {
      const secret = valueFrom?.secretKeyRef;
      if (secret === undefined) return [name, value ?? namespace] as const;
      const path = `{.data.${secret.key}}`;
      const get = `kubectl -n ${namespace} get secret ${secret.name} -o 'jsonpath=${path}'`;
      return [name, Buffer.from(await this.#done(get), 'base64').toString()] as const;
    });
    return Object.fromEntries(await Promise.all(rows));
  }

  /** Runs the migration to its end, then central until it is ready as its pod says. */
  async startCentral(all: readonly Manifest[]): Promise<void> {
    const [rest, agents, health] = this.#ports;
    const [job, central] = [containerOf(all, 'Job'), containerOf(all, 'Deployment')];
    const own = { AMBIT_DATA_DIR: join(this.folder, 'central'), AMBIT_CACHE_DIR: this.folder };
    const migration = { ...(await this.#variables(job, 'ambit')), ...own };
    const migrate = this.#run('migrate', [programs.central, ...(job.args ?? [])], migration);
    await ended(migrate);
    const env = {
      ...(await this.#variables(central, 'ambit')),
      ...own,
      AMBIT_LISTEN: `127.0.0.1:${rest}`,
      AMBIT_AGENT_LISTEN: `127.0.0.1:${agents}`,
      AMBIT_HEALTH_LISTEN: `127.0.0.1:${health}`,
    };
    const quoted = Object.entries(env).map(([name, value]) => `${name}='${value}'`);
    await writeFile(join(this.folder, 'pod.env'), quoted.join('\n'), { mode: 0o600 });
    await untilReady(this.#run('central', [programs.central], env), health);
  }

  /** Starts the agent as the account, and with the Secrets and files, that its pod has. */
  async startAgent(all: readonly Manifest[]): Promise<void> {
    const container = containerOf(all, 'StatefulSet');
    const [, agents, , health] = this.#ports;
    const files = {
      AMBIT_CEILING: await this.#done(
        `kubectl -n ambit-system get configmap ambit-agent-ceiling -o 'jsonpath={.data.ceiling\\.yaml}'`,
      ),
      AMBIT_JOIN_TOKEN_FILE: Buffer.from(
        await this.#done(
          `kubectl -n ambit-system get secret ambit-join -o 'jsonpath={.data.token}'`,
        ),
        'base64',
      ).toString(),
      AMBIT_KUBECONFIG: await this.#agentKubeconfig(),
    };
    const paths: Record<string, string> = {};
    for (const [name, text] of Object.entries(files)) {
      paths[name] = join(this.folder, name);
      await writeFile(join(this.folder, name), text, { mode: 0o600 });
    }
    const env = {
      ...(await this.#variables(container, 'ambit-system')),
      ...paths,
      AMBIT_DATA_DIR: join(this.folder, 'agent'),
      AMBIT_AGENT_SERVER: `127.0.0.1:${agents}`,
      AMBIT_HEALTH_LISTEN: `127.0.0.1:${health}`,
    };
    await untilReady(this.#run('agent', [programs.agent], env), health);
  }

  async #agentKubeconfig(): Promise<string> {
    const token = (await this.#done('kubectl -n ambit-system create token ambit-agent')).trim();
    const { server, caPem } = this.#cluster;
    const ca = Buffer.from(caPem).toString('base64');
    return stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'a',
      clusters: [{ name: 'a', cluster: { server, 'certificate-authority-data': ca } }],
      users: [{ name: 'a', user: { token } }],
      contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    });
  }

  /** What `helm test` starts, to its end; what it asks for by name is here. */
  async runTest(all: readonly Manifest[]): Promise<string> {
    const { command = [], args = [] } = containerOf(all, 'Pod');
    const [, , central, agent] = this.#ports;
    const here = args.map((text) =>
      text
        .replace(/lookup\('[\w-]+'/, `lookup('127.0.0.1'`)
        .replace(':7081/', `:${central}/`)
        .replace(':7082/', `:${agent}/`),
    );
    const test = this.#run('test', [...command.slice(1), ...here], {});
    await ended(test);
    return test.tail(20);
  }

  #started = 0;
  #run(
    name: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ): ManagedProcess {
    return this.#processes.start({
      name: `${name}-${++this.#started}`,
      program: process.execPath,
      args: [...args],
      environment: { ...environment, ...env },
    });
  }

  async stop(): Promise<void> {
    await this.#processes.clean(15_000);
    await this.#clusters.stop();
    await this.#database.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

function containerOf(all: readonly Manifest[], kind: string): PodContainer {
  const found = all.find((each) => each.kind === kind)?.spec;
  const pod = (kind === 'Pod' ? found : found?.template?.spec) as PodSpec | undefined;
  const [container] = pod?.containers ?? [];
  if (container === undefined) throw new Error(`the release has no ${kind}`);
  return container;
}

async function ended(process: ManagedProcess): Promise<void> {
  await eventually(() => expect(process.alive).toBe(false), { withinMs, what: 'the end' });
  if (process.exit !== 'exit code 0') throw new Error(await process.tail(12));
}

function untilReady(process: ManagedProcess, port: number | undefined): Promise<void> {
  return waitUntil({
    what: 'it was ready',
    process,
    deadline: performance.now() + withinMs,
    probe: async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/readyz`, {
        signal: AbortSignal.timeout(5_000),
      });
      if (answer.status !== 200) throw new Error(await answer.text());
      return true;
    },
  });
}
