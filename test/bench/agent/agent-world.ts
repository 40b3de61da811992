import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { devClusterSettings, ProcessFolder, startDevClusters } from '@ambit/dev-cluster';
import type {
  DevCluster,
  DevClusters,
  DevClusterSettings,
  ManagedProcess,
} from '@ambit/dev-cluster';
import { KubeClient, kubeResources, loadKubeconfig } from '@ambit/kube';
import type { Namespace } from '@ambit/kube';
import type { wire } from '@ambit/protocol';
import type { BindingIntent } from '@ambit/rbac';
import { eventually } from '@ambit/testing';
import { TestCentral } from '../../../apps/agent/test/test-central.ts';
import { environment, printed, programs } from '../../support/run-program.ts';
import { controlPlanePids, Processes } from '../harness/processes.ts';

/** The agent as a user starts it, a real API server with the policies of its ceiling, and a central that only signs. */
export class AgentWorld {
  readonly central: TestCentral;
  readonly cluster: DevCluster;
  readonly admin: KubeClient;
  readonly folder: ProcessFolder;
  readonly settings: DevClusterSettings;
  readonly agentKubeconfig: string;
  readonly #clusters: DevClusters;
  readonly #base: string;
  #agent: ManagedProcess | undefined;
  #starts = 0;
  #identity = 0;

  private constructor(parts: {
    central: TestCentral;
    clusters: DevClusters;
    admin: KubeClient;
    folder: ProcessFolder;
    settings: DevClusterSettings;
    base: string;
  }) {
    this.settings = parts.settings;
    this.central = parts.central;
    this.#clusters = parts.clusters;
    this.cluster = parts.clusters.cluster('bench');
    this.admin = parts.admin;
    this.folder = parts.folder;
    this.#base = parts.base;
    this.agentKubeconfig = join(parts.folder.path, 'agent.kubeconfig');
  }

  /** With namespaces `team-0` and so on. Throws where there is no real API server. */
  static async open(namespaces: number): Promise<AgentWorld> {
    const settings = devClusterSettings(process.env);
    const base = await mkdtemp(join(tmpdir(), 'ambit-bench-'));
    const folder = await ProcessFolder.create(join(base, 'data'));
    const clusters = await startDevClusters({ names: ['bench'], settings, forTests: true });
    try {
      if (clusters.kind === 'simulated') throw new Error('there is no real API server to measure');
      const path = join(folder.path, 'admin.kubeconfig');
      await clusters.cluster('bench').writeKubeconfig(path);
      const admin = new KubeClient({ connection: await loadKubeconfig(path), timeoutMs: 60_000 });
      const system = await admin.get(kubeResources.namespaces, { name: 'kube-system' });
      const central = await TestCentral.start(system.metadata.uid);
      const world = new AgentWorld({ central, clusters, admin, folder, settings, base });
      await world.#prepare(namespaces);
      return world;
    } catch (error) {
      await clusters.stop();
      await folder.clean(1_000);
      throw error;
    }
  }

  /** The process of the agent that was started last. */
  get agent(): ManagedProcess {
    if (this.#agent === undefined) throw new Error('no agent was started');
    return this.#agent;
  }

  /** Path of the kubeconfig of somebody who may do anything. */
  get adminKubeconfig(): string {
    return join(this.folder.path, 'admin.kubeconfig');
  }

  get agentPid(): number {
    return this.agent.pid ?? 0;
  }

  /** Starts the agent on the data of the one before it, or on none, with a join token when it has none. */
  start({ fresh = false } = {}): ManagedProcess {
    if (fresh) this.#identity++;
    const isNew = fresh || this.#starts === 0;
    const token: Record<string, string> = isNew
      ? { AMBIT_JOIN_TOKEN: this.central.registrar.joinToken() }
      : {};
    const { path } = this.folder;
    this.#agent = this.folder.start({
      name: `agent-${++this.#starts}`,
      program: process.execPath,
      args: [
        programs.agent,
        `--data-dir=${join(path, `agent-data-${this.#identity}`)}`,
        `--kubeconfig=${this.agentKubeconfig}`,
        `--ceiling=${join(path, 'ceiling.yaml')}`,
        `--server=${this.central.address}`,
        '--health-listen=off',
      ],
      environment: { ...environment, ...token },
    });
    return this.#agent;
  }

  async connected(): Promise<void> {
    await eventually(
      async () => {
        if (this.#agent?.alive !== true || !this.central.connected) {
          throw new Error((await this.#agent?.tail(6)) ?? 'no agent');
        }
      },
      { withinMs: 60_000, everyMs: 5, what: 'the agent being connected' },
    );
  }

  /** Starts the agent; resolves when it has read everything. */
  async begin(): Promise<void> {
    this.start();
    await this.connected();
    await this.reconciling();
  }

  /** Resolves when the agent that was started last has read everything. */
  reconciling(): Promise<void> {
    return eventually(
      async () => {
        const said = await this.agent.tail(200);
        if (!said.includes('reconciling begins')) throw new Error(said.slice(-500));
      },
      { withinMs: 120_000, everyMs: 10, what: 'the agent having read everything' },
    );
  }

  /** One commit that gives these; resolves when it is applied. */
  async give(intents: readonly BindingIntent[]): Promise<void> {
    await this.applied(this.central.commit(intents));
  }

  /** One commit that takes these away; resolves when it is applied. */
  async take(intents: readonly BindingIntent[]): Promise<void> {
    const keys = intents.map(({ key }) => key);
    await this.applied(this.central.commit([], keys));
  }

  /** Resolves with the report of this revision. */
  async applied(revision: number, withinMs = 300_000): Promise<wire.ApplyReport> {
    const { told } = this.central;
    return eventually(
      async () => {
        const found = told.applied.findLast((one) => one.revision === revision);
        if (found === undefined) throw new Error(await this.agent.tail(6));
        return found.report;
      },
      { withinMs, everyMs: 2, what: `revision ${revision} being applied` },
    );
  }

  /** Requests about bindings since the API server started, by verb. */
  async requests(): Promise<Readonly<Record<string, number>>> {
    const counts: Record<string, number> = {};
    for (const { verb, resource, count } of await this.cluster.requestCounts()) {
      if (resource === 'rolebindings') counts[verb] = (counts[verb] ?? 0) + count;
    }
    return counts;
  }

  /** CPU time so far of the agent, the API server and etcd, in milliseconds. */
  cpu(): Readonly<Record<string, number>> {
    const agent = this.#agent?.alive === true ? this.agentPid : undefined;
    return new Processes({ agent, ...controlPlanePids(this.cluster.server) }).cpuMs();
  }

  async stop(): Promise<void> {
    await this.#agent?.stop(15_000);
  }

  async close(): Promise<void> {
    this.admin.close();
    await this.folder.clean(15_000);
    await this.central.stop();
    await this.#clusters.stop();
    await rm(this.#base, { recursive: true, force: true });
  }

  async #prepare(namespaces: number): Promise<void> {
    const ceiling = join(this.folder.path, 'ceiling.yaml');
    await writeFile(ceiling, 'spec: {}\n');
    const rights = await printed('print-rbac', ceiling);
    const policies = await printed('print-policy', ceiling);
    const kubeconfig = await this.cluster.agentKubeconfig(rights, policies);
    await writeFile(this.agentKubeconfig, kubeconfig, { mode: 0o600 });
    for (let index = 0; index < namespaces; index++) {
      const metadata = { name: `team-${index}` };
      await this.admin.create<Namespace>(kubeResources.namespaces, { metadata });
    }
  }
}

/** People with a time-bound grant each in all of the namespaces: an object of its own for each of both. */
export function timeBound(people: number, namespaces: number, from = 0): BindingIntent[] {
  const notAfter = Date.now() + 86_400_000;
  const names = Array.from({ length: namespaces }, (_, index) => `team-${index}`);
  return Array.from({ length: people }, (_, index) => ({
    section: 'BINDING',
    key: `BINDING/g${from + index}`,
    role: { type: 'existing', clusterRole: 'view' },
    scope: { type: 'namespaces', names },
    shard: '',
    subjectKind: 'Users',
    subjects: [`ambit:person-${from + index}`],
    grants: [`grant-${from + index}`],
    grantUid: `g${from + index}`,
    notAfter,
  }));
}
