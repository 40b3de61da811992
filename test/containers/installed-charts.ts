import { chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AmbitClient } from '@ambit/client';
import { freePorts, kubectl, obtainHelm, startDevClusters, waitUntil } from '@ambit/dev-cluster';
import type {
  DevCluster,
  DevClusters,
  DevClusterSettings,
  ManagedProcess,
  ProcessFolder,
} from '@ambit/dev-cluster';
import { KubeClient, loadKubeconfig } from '@ambit/kube';
import { testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { manifests, namespaceOf, runHelm } from '../charts/render.ts';
import type { Chart, Manifest } from '../charts/render.ts';
import type { Container, ContainerHost, Mount } from './container-host.ts';
import { emptyVolume, podContainerStart } from './pod-container.ts';
import type { PodContainer, PodSpec, PodSurroundings } from './pod-container.ts';

const account = 54321;
const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount';
const withinMs = 120_000;

interface Parts {
  readonly host: ContainerHost;
  readonly folder: ProcessFolder;
  readonly settings: DevClusterSettings;
  /** Reference of each image. */
  readonly images: Readonly<Record<Chart, string>>;
}

/**
 * Both charts as Helm renders them with few values, on a real database and a real API server. What a kubelet would do is done by
 * hand: volumes, Secrets, and a container for each of the pods' containers, from the images.
 */
export class InstalledCharts {
  readonly database: TestDatabase;
  readonly cluster: DevCluster;
  readonly kube: KubeClient;
  readonly url: string;
  readonly #parts: Parts;
  readonly #helm: string;
  readonly #clusters: DevClusters;
  readonly #ports: readonly number[];
  #started = 0;

  private constructor(
    parts: Parts,
    made: { helm: string; clusters: DevClusters; database: TestDatabase; kube: KubeClient },
    ports: readonly number[],
  ) {
    this.#parts = parts;
    this.#helm = made.helm;
    this.#clusters = made.clusters;
    this.#ports = ports;
    this.database = made.database;
    this.kube = made.kube;
    this.cluster = made.clusters.cluster('prod');
    this.url = `http://127.0.0.1:${ports[0]}`;
  }

  static async start(parts: Parts): Promise<InstalledCharts> {
    const { settings, folder } = parts;
    const helm = await obtainHelm(settings, () => undefined);
    const clusters = await startDevClusters({ names: ['prod'], settings, forTests: true });
    const admin = join(folder.path, 'admin.kubeconfig');
    await clusters.cluster('prod').writeKubeconfig(admin);
    const kube = new KubeClient({ connection: await loadKubeconfig(admin) });
    const made = { helm, clusters, kube, database: await testDatabase() };
    return new InstalledCharts(parts, made, await freePorts(5));
  }

  async stop(): Promise<void> {
    this.kube.close();
    await this.#clusters.stop();
    await this.database.close();
  }

  get agentAddress(): string {
    return `127.0.0.1:${this.#ports[1]}`;
  }

  async render(chart: Chart, values: object): Promise<Manifest[]> {
    const { exitCode, text, said } = await runHelm(this.#helm, 'template', { chart, values });
    if (exitCode !== 0) throw new Error(said);
    return manifests(text);
  }

  volume(name: string): Promise<string> {
    return emptyVolume(this.#parts.folder.path, name, account);
  }

  /** A folder with these files, as a Secret or a ConfigMap is mounted: nobody writes to it. */
  async files(name: string, files: Readonly<Record<string, string>>): Promise<string> {
    const path = join(this.#parts.folder.path, name);
    await mkdir(path, { mode: 0o755 });
    for (const [file, text] of Object.entries(files)) {
      await writeFile(join(path, file), text, { mode: 0o640 });
      await chown(join(path, file), 0, account);
    }
    return path;
  }

  /** Starts one container of a pod. What it listens on is moved to ports that are free here. */
  run(
    chart: Chart,
    container: PodContainer,
    around: Omit<PodSurroundings, 'namespace'>,
  ): Promise<Container> {
    const name = `${chart}-${container.name}-${++this.#started}`;
    const namespace = namespaceOf[chart];
    const image = this.#parts.images[chart];
    return this.#parts.host.start(
      podContainerStart(name, container, image, { ...around, namespace }),
    );
  }

  centralSecrets(): NonNullable<PodSurroundings['secrets']> {
    const { url, auditUrl, ownerUrl } = this.database;
    return { db: { url, 'audit-url': auditUrl, 'owner-url': ownerUrl } };
  }

  /** Starts central and waits as its chart's readiness probe would. */
  async startCentral(pod: PodSpec, data: string): Promise<Container> {
    const [container] = pod.containers;
    if (container === undefined) throw new Error('the pod has no container');
    const [rest, agents, health, , grpc] = this.#ports;
    const env = {
      AMBIT_LISTEN: `127.0.0.1:${rest}`,
      AMBIT_AGENT_LISTEN: `127.0.0.1:${agents}`,
      AMBIT_HEALTH_LISTEN: `127.0.0.1:${health}`,
      AMBIT_GRPC_LISTEN: `127.0.0.1:${grpc}`,
    };
    const volumes = { data, tmp: await this.volume(`tmp-central-${this.#started}`) };
    const central = await this.run('ambit-central', container, {
      secrets: this.centralSecrets(),
      volumes,
      env,
    });
    await untilProbed(central.process, container, health);
    return central;
  }

  /** Starts the agent as the ServiceAccount of its chart and waits as the chart's readiness probe would. */
  async startAgent(pod: PodSpec, ceiling: string, token: string): Promise<Container> {
    const [container] = pod.containers;
    if (container === undefined) throw new Error('the pod has no container');
    const { hostname, port } = new URL(this.cluster.server);
    const health = this.#ports[3];
    const volumes = {
      state: await this.volume('state-agent'),
      tmp: await this.volume('tmp-agent'),
      ceiling: await this.files('ceiling', { 'ceiling.yaml': ceiling }),
      join: await this.files('join', { token }),
    };
    const env = {
      AMBIT_HEALTH_LISTEN: `127.0.0.1:${health}`,
      KUBERNETES_SERVICE_HOST: hostname,
      KUBERNETES_SERVICE_PORT: port,
    };
    const mounts = { [serviceAccount]: await this.#account('ambit-agent', 'ambit-system') };
    const agent = await this.run('ambit-agent', container, { volumes, env, mounts });
    await untilProbed(agent.process, container, health);
    return agent;
  }

  async #account(name: string, namespace: string): Promise<Mount> {
    const token = await this.kubectl(['create', 'token', name, '-n', namespace]);
    const files = { token, 'ca.crt': this.cluster.caPem, namespace };
    return { source: await this.files(`account-${name}`, files), readOnly: true };
  }

  async kubectl(args: readonly string[], input?: object): Promise<string> {
    const given = input === undefined ? {} : { input: JSON.stringify(input) };
    const { settings } = this.#parts;
    const { exitCode, stdout, stderr } = await kubectl(this.cluster, args, { settings, ...given });
    if (exitCode !== 0) throw new Error(stderr);
    return stdout.trim();
  }

  /** Applies what Helm would. */
  async apply(objects: readonly object[]): Promise<void> {
    const items = { apiVersion: 'v1', kind: 'List', items: objects };
    await this.kubectl(['apply', '--server-side', '-f', '-'], items);
  }

  /** A pod that a chart has for `helm test`, run to its end; what it asks for by name is here. */
  async runTest(chart: Chart, pod: PodSpec, service: string): Promise<string> {
    const [container] = pod.containers;
    if (container === undefined) throw new Error('the pod has no container');
    const [, , central, agent] = this.#ports;
    const port = chart === 'ambit-central' ? central : agent;
    const hosts = `127.0.0.1 localhost ${service}\n`;
    const at = join(await this.files(`hosts-${chart}`, { hosts }), 'hosts');
    await chown(at, account, account);
    // The ports of a Service are no matter of the pod's.
    const args = (container.args ?? []).map((each) => each.replace(/:708\d\//, `:${port}/`));
    const mounts = { '/etc/hosts': { source: at, readOnly: true } };
    const test = await this.run(chart, { ...container, args }, { volumes: {}, mounts });
    return this.ended(test);
  }

  /** How a container ended by itself, and the last it said. */
  async ended({ process }: Container): Promise<string> {
    const deadline = performance.now() + withinMs;
    while (process.alive && performance.now() < deadline) await untilNext();
    return `${process.alive ? 'still runs' : process.exit}: ${await process.tail(12)}`;
  }

  client(token: string): AmbitClient {
    return new AmbitClient({ server: this.url, token });
  }

  /** What the first start kept for whoever installs. */
  async firstToken(data: string): Promise<string> {
    return (await readFile(join(data, 'data/central/first-admin.token'), 'utf8')).trim();
  }
}

const untilNext = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));

function untilProbed(
  process: ManagedProcess,
  { readinessProbe, name }: PodContainer,
  port: number | undefined,
): Promise<void> {
  return waitUntil({
    what: `${name} was ready`,
    process,
    deadline: performance.now() + withinMs,
    probe: async () => {
      const url = `http://127.0.0.1:${port}${readinessProbe?.httpGet.path ?? '/no-probe'}`;
      const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) });
      if (answer.status !== 200) throw new Error(await answer.text());
      return true;
    },
  });
}
