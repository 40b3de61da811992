import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubeResources } from '@ambit/kube';
import type { KubeObject, Namespace } from '@ambit/kube';
import type { ManagedProcess } from '@ambit/dev-cluster';
import { eventually } from '@ambit/testing';
import { chartAccount, installChart } from '../../support/chart-account.ts';
import type { AccountCredential, ChartedCluster } from '../../support/chart-account.ts';
import { Fleet } from '../../support/fleet.ts';
import { environment, programs } from '../../support/run-program.ts';
import { auditPolicy, writesOf } from './audit-log.ts';
import type { DoneWrite } from './audit-log.ts';

const cluster = 'replicated';
const apiVersion = 'ambit.dev/v1' as const;
const person = 'ada';

/** One replica: what a pod of the StatefulSet has, its volume and its token. */
export interface AgentReplica {
  readonly name: string;
  readonly credential: AccountCredential;
  process: ManagedProcess;
}

interface RoleBinding extends KubeObject {
  readonly subjects?: readonly { readonly name: string }[];
}

/** Central, a real API server with its audit log, and two replicas of the agent as the account of the chart. */
export class ReplicaWorld {
  readonly fleet: Fleet;
  readonly replicas: AgentReplica[] = [];
  readonly #folder: string;
  readonly #chart: ChartedCluster;
  #joinToken = '';
  #starts = 0;

  private constructor(fleet: Fleet, folder: string, chart: ChartedCluster) {
    this.fleet = fleet;
    this.#folder = folder;
    this.#chart = chart;
  }

  /** Undefined where there is no real Kubernetes. */
  static async open(): Promise<ReplicaWorld | undefined> {
    const folder = await mkdtemp(join(tmpdir(), 'ambit-replicas-'));
    const policy = join(folder, 'audit-policy.yaml');
    await writeFile(policy, JSON.stringify(auditPolicy));
    const apiServerFlags = [
      `--audit-policy-file=${policy}`,
      `--audit-log-path=${join(folder, 'audit.log')}`,
    ];
    const fleet = await Fleet.start([cluster], {}, {}, { apiServerFlags });
    try {
      if (fleet.kind !== 'real') {
        await closeAll(fleet, folder);
        return undefined;
      }
      const { dev, kube } = fleet.member(cluster);
      const metadata = { name: 'payments' };
      await kube.create<Namespace>(kubeResources.namespaces, { metadata });
      const chart = await installChart({ dev, settings: fleet.settings, folder });
      const world = new ReplicaWorld(fleet, folder, chart);
      await world.#begin();
      return world;
    } catch (error) {
      await closeAll(fleet, folder);
      throw error;
    }
  }

  async #begin(): Promise<void> {
    const { api } = this.fleet.client();
    const body = { apiVersion, kind: 'Cluster', metadata: { name: cluster } } as const;
    await api.putCluster({ params: { name: cluster }, body });
    const user = { apiVersion, kind: 'User', metadata: { name: person } } as const;
    await api.putUser({ params: { name: person }, body: user });
    const { token } = await api.createJoinToken({ params: { name: cluster }, body: {} });
    this.#joinToken = token;
    for (const name of ['one', 'two']) {
      const credential = await this.#chart.credential(name);
      this.replicas.push({ name, credential, process: this.#start(name, credential) });
    }
    await this.connected();
    await this.standsBy(this.other(await this.acting()));
  }

  /** Starts the program of a replica anew, on its own volume. */
  async restart(replica: AgentReplica): Promise<void> {
    await replica.process.stop(15_000);
    replica.process = this.#start(replica.name, replica.credential);
    await this.standsBy(replica);
  }

  #start(name: string, credential: AccountCredential): ManagedProcess {
    return this.fleet.folder.start({
      name: `replica-${name}-${++this.#starts}`,
      program: process.execPath,
      args: [
        programs.agent,
        '--leader-elect=true',
        `--data-dir=${join(this.#folder, name)}`,
        `--kubeconfig=${credential.path}`,
        `--ceiling=${this.#chart.ceilingFile}`,
        `--server=${this.fleet.agentAddress}`,
        '--health-listen=off',
      ],
      environment: { ...environment, AMBIT_JOIN_TOKEN: this.#joinToken },
    });
  }

  other(replica: AgentReplica): AgentReplica {
    const found = this.replicas.find((each) => each !== replica);
    if (found === undefined) throw new Error('there is no other replica');
    return found;
  }

  /** Who wrote the Lease last, and has it. */
  async acting(): Promise<AgentReplica> {
    const last = (await this.writes()).findLast(({ holder }) => holder !== undefined);
    const found = this.replicas.find(({ credential }) => credential.id === last?.by);
    if (found === undefined || last?.holder === '') throw new Error('nobody has the Lease');
    return found;
  }

  /** The replica has said so since it was started or deposed last. */
  async standsBy(replica: AgentReplica): Promise<void> {
    await eventually(
      async () => {
        const log = await replica.process.tail(40);
        const [waits, acts] = ['this replica stands by', 'this replica acts from now on'].map(
          (text) => log.lastIndexOf(text),
        );
        if (waits === undefined || waits < 0 || waits < (acts ?? -1)) throw new Error(log);
      },
      { withinMs: 60_000, everyMs: 100, what: `replica ${replica.name} standing by` },
    );
  }

  connected(): Promise<void> {
    return eventually(
      async () => {
        const { status } = await this.fleet.client().api.getCluster({ params: { name: cluster } });
        const words = await Promise.all(this.replicas.map(({ process }) => process.tail(6)));
        if (!status.connected) throw new Error(words.join('\n--\n'));
      },
      { withinMs: 60_000, everyMs: 100, what: 'a replica being connected' },
    );
  }

  /** Grants of one person, each an object of its own; they end at `until`, a time in milliseconds. */
  async grant(names: readonly string[], until: number): Promise<void> {
    const scope = { clusters: { names: [cluster] }, namespaces: { names: ['payments'] } };
    const end = new Date(until).toISOString();
    const objects = names.map((name) => {
      const spec = { subjects: [{ user: person }], role: 'view', scope, until: end };
      return { apiVersion, kind: 'Grant', metadata: { name }, spec };
    });
    await this.fleet.client().api.apply({ body: { objects } as never });
  }

  /** Names of the bindings that end at this time. */
  async bindingsUntil(until: number): Promise<string[]> {
    const { kube } = this.fleet.member(cluster);
    const { items } = await kube.list<RoleBinding>(kubeResources.roleBindings, {
      namespace: 'payments',
    });
    return items
      .filter(
        ({ metadata }) => Date.parse(metadata.annotations?.['ambit.dev/not-after'] ?? '') === until,
      )
      .map(({ metadata }) => metadata.name);
  }

  writes(): Promise<DoneWrite[]> {
    return writesOf(join(this.#folder, 'audit.log'), chartAccount);
  }

  async stop(): Promise<void> {
    await closeAll(this.fleet, this.#folder);
  }
}

async function closeAll(fleet: Fleet, folder: string): Promise<void> {
  await fleet.stop();
  await rm(folder, { recursive: true, force: true });
}
