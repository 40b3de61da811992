import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings } from '@ambit/config';
import { startSimulatedCluster } from '@ambit/dev-cluster';
import type { SimulatedCluster } from '@ambit/dev-cluster';
import { isKubeError, KubeClient, kubeResources, loadKubeconfig } from '@ambit/kube';
import { defaultCeiling } from '@ambit/rbac';
import type { BindingIntent, BindingObject, Ceiling } from '@ambit/rbac';
import { eventually, RecordingLogger } from '@ambit/testing';
import { agentSettings } from '../src/config.ts';
import { printRbac } from '../src/print-rbac.ts';
import { runAgent } from '../src/run.ts';
import type { RunningAgent } from '../src/run.ts';
import { TestCentral } from './test-central.ts';

/** Central, a simulated cluster and a data folder, and an agent between them as often as a test starts one. */
export class AgentScene {
  readonly central: TestCentral;
  readonly cluster: SimulatedCluster;
  readonly folder: string;
  readonly admin: KubeClient;
  readonly logger = new RecordingLogger();
  readonly ceilingFile: string;
  #running: RunningAgent[] = [];

  private constructor(parts: {
    central: TestCentral;
    cluster: SimulatedCluster;
    folder: string;
    admin: KubeClient;
  }) {
    this.central = parts.central;
    this.cluster = parts.cluster;
    this.folder = parts.folder;
    this.admin = parts.admin;
    this.ceilingFile = join(parts.folder, 'ceiling.yaml');
  }

  /** For the cluster of this uid, or of the one that all tests share. */
  static async open(ceiling: Partial<Ceiling> = {}, uid?: string): Promise<AgentScene> {
    const folder = await mkdtemp(join(tmpdir(), 'ambit-agent-'));
    const cluster = await startSimulatedCluster({ name: 'prod-eu' });
    const central = await TestCentral.start(uid);
    const adminPath = join(folder, 'admin.kubeconfig');
    await writeFile(adminPath, cluster.adminKubeconfig, { mode: 0o600 });
    const admin = new KubeClient({ connection: await loadKubeconfig(adminPath) });
    await admin.create(kubeResources.namespaces, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'payments' },
    });
    const rules = printRbac({ ...defaultCeiling, ...ceiling });
    await writeFile(join(folder, 'agent.kubeconfig'), await cluster.agentKubeconfig(rules));
    const scene = new AgentScene({ central, cluster, folder, admin });
    await scene.writeCeiling(ceiling);
    return scene;
  }

  async writeCeiling(ceiling: Partial<Ceiling>): Promise<void> {
    const document = { apiVersion: 'ambit.dev/v1', kind: 'Ceiling', spec: ceiling };
    await writeFile(this.ceilingFile, JSON.stringify(document));
  }

  /** Starts an agent by settings alone, as the program does. */
  async start(env: Readonly<Record<string, string>> = {}): Promise<RunningAgent> {
    const { settings } = await loadSettings(agentSettings, {
      env: {
        AMBIT_KUBECONFIG: join(this.folder, 'agent.kubeconfig'),
        AMBIT_AGENT_SERVER: this.central.address,
        AMBIT_DATA_DIR: join(this.folder, 'data'),
        AMBIT_CEILING: this.ceilingFile,
        AMBIT_HEALTH_LISTEN: '127.0.0.1:0',
        ...env,
      },
    });
    const { signal } = new AbortController();
    const agent = await runAgent(settings, {}, { logger: this.logger, signal });
    if (agent === undefined) throw new Error('the agent was stopped as a replica that stood by');
    this.#running.push(agent);
    return agent;
  }

  /** Starts an agent with a fresh token and waits for its stream. */
  async join(): Promise<RunningAgent> {
    const agent = await this.start({ AMBIT_JOIN_TOKEN: this.central.registrar.joinToken() });
    await this.connected();
    return agent;
  }

  async stop(agent: RunningAgent): Promise<void> {
    this.#running = this.#running.filter((each) => each !== agent);
    await agent.stop('test');
  }

  async stopAll(): Promise<void> {
    for (const agent of this.#running.splice(0)) await agent.stop('test');
  }

  connected(): Promise<void> {
    return eventually(
      () => {
        if (!this.central.connected) throw new Error(this.lastWords());
      },
      { what: 'the agent was connected' },
    );
  }

  /** Who is bound by objects of ours in a namespace. */
  async subjects(namespace = 'payments'): Promise<string[]> {
    const ours = await this.#ours(namespace);
    return ours.flatMap(({ subjects = [] }) => subjects.map(({ name }) => name)).sort();
  }

  /** Somebody deletes what is ours in a namespace. */
  async takeAway(namespace = 'payments'): Promise<void> {
    for (const { metadata } of await this.#ours(namespace))
      await this.admin.delete(kubeResources.roleBindings, { namespace, name: metadata.name });
  }

  async #ours(namespace: string): Promise<readonly BindingObject[]> {
    const labelSelector = 'ambit.dev/managed-by=ambit';
    const within = { namespace, labelSelector };
    return (await this.admin.list<BindingObject>(kubeResources.roleBindings, within)).items;
  }

  async holds(...subjects: readonly string[]): Promise<void> {
    await eventually(
      async () => {
        const found = await this.subjects();
        if (found.join() !== [...subjects].sort().join()) {
          throw new Error(`it holds ${found.join() || 'nobody'}; ${this.lastWords()}`);
        }
      },
      { what: `the cluster holds ${subjects.join() || 'nobody'}` },
    );
  }

  /**
   * Gives what ends after this time, and waits until these are bound; the end. When a busy machine saw the end before it
   * saw what stands until then, it gives once more what ends later.
   */
  async givenUntilSoon(
    soonMs: number,
    give: (notAfter: number) => void,
    ...subjects: readonly string[]
  ): Promise<number> {
    const notAfter = Date.now() + soonMs;
    give(notAfter);
    const inTime = await eventually(async () => {
      const found = await this.subjects();
      if (Date.now() >= notAfter) return false;
      if (found.join() !== [...subjects].sort().join()) throw new Error(found.join());
      return true;
    });
    return inTime ? notAfter : this.givenUntilSoon(4 * soonMs, give, ...subjects);
  }

  async exists(name: string, namespace = 'payments'): Promise<boolean> {
    try {
      await this.admin.get(kubeResources.roleBindings, { name, namespace });
      return true;
    } catch (error) {
      if (isKubeError(error, 404)) return false;
      throw error;
    }
  }

  /** The last lines of the agents' log, for messages. */
  lastWords(): string {
    return this.logger.lines
      .slice(-6)
      .map(
        ({ level, message, fields }) =>
          `${level} ${message} ${JSON.stringify(fields['error']) ?? ''}`,
      )
      .join(' | ');
  }

  logged(text: string): boolean {
    return this.logger.lines.some(({ message }) => message.includes(text));
  }

  async close(): Promise<void> {
    this.cluster.faults.clear();
    await this.stopAll();
    await this.central.stop();
    this.admin.close();
    await this.cluster.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The body of a test with a scene of its own. */
export function inScene(
  body: (scene: AgentScene) => Promise<void>,
  ceiling: Partial<Ceiling> = {},
): () => Promise<void> {
  return async () => {
    const scene = await AgentScene.open(ceiling);
    try {
      await body(scene);
    } finally {
      await scene.close();
    }
  };
}

/** A binding of `view` in payments. */
export function binding(
  key: string,
  subjects: readonly string[],
  more: Partial<BindingIntent> = {},
): BindingIntent {
  return {
    section: 'BINDING',
    key: `BINDING/${key}`,
    role: { type: 'existing', clusterRole: 'view' },
    scope: { type: 'namespaces', names: ['payments'] },
    shard: '',
    subjectKind: 'Users',
    subjects: subjects.map((name) => `ambit:${name}`),
    grants: [key],
    ...more,
  };
}
