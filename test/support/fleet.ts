import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AmbitClient } from '@ambit/client';
import {
  devClusterSettings,
  freePorts,
  ProcessFolder,
  startDevClusters,
  waitUntil,
} from '@ambit/dev-cluster';
import type {
  DevCluster,
  DevClusters,
  DevClusterSettings,
  ManagedProcess,
} from '@ambit/dev-cluster';
import { KubeClient, loadKubeconfig } from '@ambit/kube';
import { eventually } from '@ambit/testing';
import { installChart } from './chart-account.ts';
import { environment, printed, programs as programsOfThis, runProgram } from './run-program.ts';

export { runProgram } from './run-program.ts';

/** One cluster of the fleet, seen by its owner and by its agent. */
export interface Member {
  readonly name: string;
  readonly dev: DevCluster;
  readonly kube: KubeClient;
  agentKubeconfig: string;
  ceilingFile: string;
  agent: ManagedProcess | undefined;
}

/** What a fleet may be started with beside its clusters. */
export interface FleetOptions {
  /** Where the API server of the one cluster asks whose a token is, and where its agent then has to listen. */
  readonly webhookAt?: string;
  /** More arguments of API servers. */
  readonly apiServerFlags?: readonly string[];
  /** Those of this checkout unless told. */
  readonly programs?: FleetPrograms;
}

/** Paths of what is started as central and as agent. */
export type FleetPrograms = { readonly [Name in 'central' | 'agent']: string };

/** Central and agents as processes against two API servers; everything goes away at `stop`. */
export class Fleet {
  readonly folder: ProcessFolder;
  readonly members: readonly Member[];
  readonly settings: DevClusterSettings;
  readonly #clusters: DevClusters;
  readonly #ports: readonly number[];
  /** Of every central of this fleet. */
  readonly centralEnvironment: Readonly<Record<string, string>>;
  /** What is started from now on. */
  programs: FleetPrograms;
  #central: ManagedProcess | undefined;
  #starts = 0;
  #token = '';

  private constructor(parts: {
    folder: ProcessFolder;
    clusters: DevClusters;
    settings: DevClusterSettings;
    members: Member[];
    ports: readonly number[];
    central: Readonly<Record<string, string>>;
    programs: FleetPrograms;
  }) {
    this.folder = parts.folder;
    this.members = parts.members;
    this.settings = parts.settings;
    this.#clusters = parts.clusters;
    this.#ports = parts.ports;
    this.programs = parts.programs;
    this.centralEnvironment = { ...environment, ...parts.central };
  }

  /** `ceilings` are files' texts by cluster; `central` is added to what central's process is started with. */
  static async start(
    names: readonly string[],
    ceilings: Readonly<Record<string, string>>,
    central: Readonly<Record<string, string>> = {},
    options: FleetOptions = {},
  ): Promise<Fleet> {
    const { webhookAt, apiServerFlags = [], programs = programsOfThis } = options;
    const settings = devClusterSettings(process.env);
    const base = await mkdtemp(join(tmpdir(), 'ambit-fleet-'));
    const folder = await ProcessFolder.create(join(base, 'data'));
    const tokenWebhook =
      webhookAt === undefined ? {} : { tokenWebhook: await webhookConfig(folder, webhookAt) };
    const clusters = await startDevClusters({
      names,
      settings,
      forTests: true,
      apiServerFlags,
      ...tokenWebhook,
    });
    const ports = await freePorts(3);
    const parts = { folder, clusters, settings, central, programs, ports };
    try {
      const members = await Promise.all(
        clusters.clusters.map((dev) => prepareMember(folder.path, dev, ceilings[dev.name] ?? '')),
      );
      const fleet = new Fleet({ ...parts, members });
      await fleet.startCentral();
      return fleet;
    } catch (error) {
      await new Fleet({ ...parts, members: [] }).stop();
      throw error;
    }
  }

  get kind(): 'real' | 'simulated' {
    return this.#clusters.kind;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#ports[0]}`;
  }

  get agentAddress(): string {
    return `127.0.0.1:${this.#ports[1]}`;
  }

  /** The process of central that was started last. */
  get central(): ManagedProcess | undefined {
    return this.#central;
  }

  get token(): string {
    return this.#token;
  }

  client(token = this.#token): AmbitClient {
    return new AmbitClient({ server: this.url, token });
  }

  member(name: string): Member {
    const found = this.members.find((member) => member.name === name);
    if (found === undefined) throw new Error(`no member ${name}`);
    return found;
  }

  async startCentral(): Promise<void> {
    const [rest, agents, health] = this.#ports;
    this.#starts++;
    const central = this.folder.start({
      name: `central-${this.#starts}`,
      program: process.execPath,
      args: [
        this.programs.central,
        `--data-dir=${this.folder.path}`,
        `--listen=127.0.0.1:${rest}`,
        `--agent-listen=127.0.0.1:${agents}`,
        `--health-listen=127.0.0.1:${health}`,
      ],
      environment: this.centralEnvironment,
    });
    this.#central = central;
    await waitUntil({
      what: 'central was ready',
      process: central,
      deadline: performance.now() + 60_000,
      probe: async () => {
        const answer = await fetch(`http://127.0.0.1:${health}/readyz`, {
          signal: AbortSignal.timeout(2_000),
        });
        if (answer.status !== 200) throw new Error(await answer.text());
        const kept = join(this.folder.path, 'central', 'first-admin.token');
        this.#token ||= (await readFile(kept, 'utf8').catch(() => '')).trim();
        return this.#token !== '';
      },
    });
  }

  /** kill -9, with the embedded database left behind as an orphan. */
  killCentral(): void {
    this.#central?.signal('SIGKILL');
  }

  async stopCentral(): Promise<void> {
    await this.#central?.stop(15_000);
  }

  /** From now on the agent of this cluster is the account that its chart makes there, under the ceiling of the chart. */
  async useChart(name: string): Promise<void> {
    const member = this.member(name);
    const { settings, folder } = this;
    const chart = await installChart({ dev: member.dev, settings, folder: folder.path });
    member.agentKubeconfig = (await chart.credential(`${name}-chart`)).path;
    member.ceilingFile = chart.ceilingFile;
  }

  /** Adds the cluster to central and starts its agent with a join token; resolves when it is connected. */
  async enrol(
    name: string,
    labels: Readonly<Record<string, string>> = {},
    server = this.agentAddress,
    env: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const { api } = this.client();
    const body = {
      apiVersion: 'ambit.dev/v1',
      kind: 'Cluster',
      metadata: { name, labels },
    } as const;
    await api.putCluster({ params: { name }, body });
    const { token } = await api.createJoinToken({ params: { name }, body: {} });
    this.startAgent(name, { ...env, AMBIT_JOIN_TOKEN: token }, server);
    await this.connected(name);
  }

  startAgent(
    name: string,
    env: Readonly<Record<string, string>> = {},
    server = this.agentAddress,
    dataDir = this.folder.path,
  ): ManagedProcess {
    const member = this.member(name);
    member.agent = this.folder.start({
      name: `agent-${name}-${Math.round(performance.now())}`,
      program: process.execPath,
      args: [
        this.programs.agent,
        `--data-dir=${dataDir}`,
        `--kubeconfig=${member.agentKubeconfig}`,
        `--ceiling=${member.ceilingFile}`,
        `--server=${server}`,
        '--health-listen=127.0.0.1:0',
      ],
      environment: { ...environment, ...env },
    });
    return member.agent;
  }

  connected(name: string): Promise<void> {
    return eventually(
      async () => {
        const member = this.member(name);
        if (member.agent?.alive === false)
          throw new Error(`the agent ended: ${await member.agent.tail(12)}`);
        const { status } = await this.client().api.getCluster({ params: { name } });
        if (!status.connected)
          throw new Error(`not connected: ${(await member.agent?.tail(4)) ?? ''}`);
      },
      { withinMs: 45_000, everyMs: 100, what: `the agent of ${name} being connected` },
    );
  }

  async stop(): Promise<void> {
    for (const { kube } of this.members) kube.close();
    await this.folder.clean(10_000);
    await this.#clusters.stop();
    await rm(join(this.folder.path, '..'), { recursive: true, force: true });
  }
}

async function prepareMember(folder: string, dev: DevCluster, ceiling: string): Promise<Member> {
  const admin = join(folder, `${dev.name}.kubeconfig`);
  const agentKubeconfig = join(folder, `${dev.name}-agent.kubeconfig`);
  const ceilingFile = join(folder, `${dev.name}-ceiling.yaml`);
  await dev.writeKubeconfig(admin);
  await writeFile(ceilingFile, ceiling || 'spec: {}\n');
  const rights = await printed('print-rbac', ceilingFile);
  const policies = await printed('print-policy', ceilingFile);
  await writeFile(agentKubeconfig, await dev.agentKubeconfig(rights, policies), { mode: 0o600 });
  const kube = new KubeClient({ connection: await loadKubeconfig(admin) });
  return { name: dev.name, dev, kube, agentKubeconfig, ceilingFile, agent: undefined };
}

/** What the owner of a cluster gives its API server; the agents of this folder hold the key of it. */
async function webhookConfig({ path }: ProcessFolder, at: string): Promise<string> {
  const args = ['print-webhook-config', '--data-dir', path, '--webhook-address', at];
  const { exitCode, stdout, stderr } = await runProgram('agent', args);
  if (exitCode !== 0) throw new Error(stderr);
  return stdout;
}
