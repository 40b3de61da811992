import { connect } from 'node:net';
import { AppError } from '@ambit/kernel';
import type { OnProgress } from '../dev-cluster.ts';
import { describeSources, type Programs } from '../obtain/programs.ts';
import { storageError } from '../obtain/storage-error.ts';
import { freePorts } from '../processes/free-ports.ts';
import type { ManagedProcess } from '../processes/managed-process.ts';
import { ProcessFolder } from '../processes/process-folder.ts';
import { PortTaken, waitUntil } from '../processes/wait-until.ts';
import { apiCall, type ApiEndpoint } from '../access/api-call.ts';
import {
  clusterFiles,
  writeClusterFiles,
  writeControllerKubeconfig,
  type ClusterFiles,
  type ClusterTrust,
} from './cluster-files.ts';
import {
  apiServerArguments,
  controllerManagerArguments,
  etcdArguments,
  type ClusterPorts,
} from './program-arguments.ts';
import { RealCluster } from './real-cluster.ts';

export interface StartRealCluster {
  readonly name: string;
  readonly programs: Programs;
  /** The cluster's own folder: it must not exist yet, and is removed at the end. */
  readonly folder: string;
  readonly forTests: boolean;
  readonly readyWithinMs: number;
  /** Beside those that every cluster has. */
  readonly apiServerFlags?: readonly string[];
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal | undefined;
  /** A kubeconfig: whom the API server asks whose a token is. */
  readonly tokenWebhook?: string | undefined;
  /** Chooses ports for one attempt. Default: three free ones. */
  readonly claimPorts?: () => Promise<ClusterPorts>;
}

/** Starts etcd, kube-apiserver and kube-controller-manager and waits until the cluster is fit for use. */
export async function startRealCluster(options: StartRealCluster): Promise<RealCluster> {
  for (let attempt = 1; ; attempt += 1) {
    const launch = new Launch(options);
    try {
      return await launch.run();
    } catch (error) {
      await launch.abandon();
      if (!(error instanceof PortTaken)) throw storageError(error, options.folder);
      if (attempt === 5) {
        throw new AppError(
          'address_in_use',
          `Five times a port was taken while ${options.name} started.`,
          {
            hint: 'Another program takes ports at random very fast; try again.',
          },
        );
      }
    }
  }
}

/** One attempt, on one set of ports. */
class Launch {
  private readonly options: StartRealCluster;
  private readonly files: ClusterFiles;
  private readonly deadline: number;
  private folder: ProcessFolder | undefined;

  constructor(options: StartRealCluster) {
    this.options = options;
    this.files = clusterFiles(options.folder);
    this.deadline = performance.now() + options.readyWithinMs;
  }

  async run(): Promise<RealCluster> {
    const { name, programs, onProgress } = this.options;
    const claimPorts = this.options.claimPorts ?? claimFreePorts;
    onProgress({ phase: 'start', message: `${name}: starting etcd and kube-apiserver` });
    const began = performance.now();
    this.folder = await ProcessFolder.create(this.files.folder);
    const trust = await writeClusterFiles(this.files, this.options.tokenWebhook);
    const ports = await claimPorts();
    await this.startEtcd(ports);
    const admin = await this.startApiServer(ports, trust);
    await writeControllerKubeconfig(this.files, admin.server, trust);
    const version = await versionOf(admin);
    await this.startControllerManager(admin);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    onProgress({ phase: 'ready', message: `${name}: Kubernetes ${version} ready in ${seconds} s` });
    return new RealCluster({
      name,
      server: admin.server,
      version,
      source: describeSources(programs),
      trust,
      folder: this.folder,
    });
  }

  async abandon(): Promise<void> {
    await this.folder?.clean(1_000);
  }

  private async startEtcd(ports: ClusterPorts): Promise<void> {
    const etcd = this.spawn('etcd', etcdArguments(this.files, ports, this.options.forTests));
    await this.wait('etcd listened', etcd, () => listens(ports.etcdClient));
  }

  private async startApiServer(ports: ClusterPorts, trust: ClusterTrust): Promise<ApiEndpoint> {
    const { apiServerFlags = [], tokenWebhook } = this.options;
    const args = [
      ...apiServerArguments(this.files, ports, tokenWebhook !== undefined),
      ...apiServerFlags,
    ];
    const apiServer = this.spawn('kube-apiserver', args);
    const admin: ApiEndpoint = {
      server: `https://127.0.0.1:${ports.server}`,
      caPem: trust.authority.certPem,
      client: trust.admin,
    };
    await this.wait('kube-apiserver was ready', apiServer, async () => {
      const { status, text } = await apiCall(admin, { path: '/readyz', timeoutMs: 2_000 });
      if (status !== 200) throw new Error(firstFailure(text) ?? `/readyz answered ${status}`);
      return true;
    });
    return admin;
  }

  // It ends at once when the API server refuses connections, so it comes last.
  private async startControllerManager(admin: ApiEndpoint): Promise<void> {
    const manager = this.spawn('kube-controller-manager', controllerManagerArguments(this.files));
    await this.wait('view, edit and admin had rules', manager, () => aggregated(admin));
    await this.wait('namespace default had its service account', manager, async () => {
      const path = '/api/v1/namespaces/default/serviceaccounts/default';
      return (await apiCall(admin, { path })).status === 200;
    });
  }

  private spawn(
    name: 'etcd' | 'kube-apiserver' | 'kube-controller-manager',
    args: string[],
  ): ManagedProcess {
    if (this.folder === undefined) throw new Error('the folder comes first');
    return this.folder.start({
      name,
      program: this.options.programs[name].path,
      args,
      // etcd and the API server read settings from the environment, and those of their caller are not meant for them.
      environment: { PATH: '/usr/bin:/bin', HOME: this.files.folder, GOMAXPROCS: '2' },
    });
  }

  private wait(
    what: string,
    process: ManagedProcess,
    probe: () => Promise<boolean>,
  ): Promise<void> {
    return waitUntil({
      what,
      process,
      probe,
      deadline: this.deadline,
      signal: this.options.signal,
      code: 'kubernetes_unavailable',
      hint: 'Memory or disk may be short, or the program is broken: empty the cache folder to have it obtained anew.',
    });
  }
}

async function claimFreePorts(): Promise<ClusterPorts> {
  const [etcdClient = 0, etcdPeer = 0, server = 0] = await freePorts(3);
  return { etcdClient, etcdPeer, server };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (yes: boolean): void => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}

async function versionOf(admin: ApiEndpoint): Promise<string> {
  const { text } = await apiCall(admin, { path: '/version' });
  return (JSON.parse(text) as { gitVersion: string }).gitVersion;
}

async function aggregated(admin: ApiEndpoint): Promise<boolean> {
  for (const role of ['view', 'edit', 'admin']) {
    const path = `/apis/rbac.authorization.k8s.io/v1/clusterroles/${role}`;
    const { status, text } = await apiCall(admin, { path });
    const rules = status === 200 ? (JSON.parse(text) as { rules?: unknown[] | null }).rules : null;
    if (!rules?.length) return false;
  }
  return true;
}

function firstFailure(readyz: string): string | undefined {
  return readyz.split('\n').find((line) => line.startsWith('[-]'));
}
