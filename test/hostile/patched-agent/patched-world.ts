import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { devClusterSettings, ProcessFolder, startDevClusters } from '@ambit/dev-cluster';
import type { DevClusters, ManagedProcess } from '@ambit/dev-cluster';
import type { wire } from '@ambit/protocol';
import type { Intent } from '@ambit/rbac';
import { eventually } from '@ambit/testing';
import { TestCentral } from '../../../apps/agent/test/test-central.ts';
import { installChart } from '../../support/chart-account.ts';
import { RawKube } from '../../support/raw-kube.ts';
import { environment } from '../../support/run-program.ts';
import { rbacApi } from '../api-server-world.ts';
import { patchAgent } from './patch-agent.ts';

/** A real cluster with the chart in it, the patched program as the account of the chart, and a central that signs anything. */
export class PatchedWorld {
  readonly admin: RawKube;
  readonly central: TestCentral;
  readonly #clusters: DevClusters;
  readonly #folder: ProcessFolder;
  #agent: ManagedProcess | undefined;

  private constructor(parts: {
    readonly admin: RawKube;
    readonly central: TestCentral;
    readonly clusters: DevClusters;
    readonly folder: ProcessFolder;
  }) {
    this.admin = parts.admin;
    this.central = parts.central;
    this.#clusters = parts.clusters;
    this.#folder = parts.folder;
  }

  /** Undefined where there is no real Kubernetes. */
  static async open(): Promise<PatchedWorld | undefined> {
    const settings = devClusterSettings(process.env);
    const clusters = await startDevClusters({ names: ['patched'], settings, forTests: true });
    if (clusters.kind === 'simulated') {
      await clusters.stop();
      return undefined;
    }
    const base = await mkdtemp(join(tmpdir(), 'ambit-patched-'));
    const folder = await ProcessFolder.create(join(base, 'data'));
    const dev = clusters.cluster('patched');
    const admin = await RawKube.open(dev.adminKubeconfig);
    const { body } = await admin.send({ method: 'GET', path: '/api/v1/namespaces/kube-system' });
    const central = await TestCentral.start((body['metadata'] as { uid: string }).uid);
    const world = new PatchedWorld({ admin, central, clusters, folder });
    try {
      for (const [path, object] of furniture) await world.#make(path, object);
      const chart = await installChart({ dev, settings, folder: folder.path });
      const { path: kubeconfig } = await chart.credential('agent');
      const program = await patchAgent(folder.path);
      world.#start(program, [
        '--leader-elect=true',
        `--data-dir=${join(folder.path, 'agent')}`,
        `--kubeconfig=${kubeconfig}`,
        `--ceiling=${chart.ceilingFile}`,
        `--server=${central.address}`,
        '--health-listen=off',
      ]);
      return world;
    } catch (error) {
      await world.stop();
      throw error;
    }
  }

  #start(program: string, args: readonly string[]): void {
    this.#agent = this.#folder.start({
      name: 'patched-agent',
      program: process.execPath,
      args: [program, ...args],
      environment: { ...environment, AMBIT_JOIN_TOKEN: this.central.registrar.joinToken() },
    });
  }

  /** Commits these in place of what was committed last; resolves with what the agent says it came to. */
  async commit(put: readonly Intent[], remove: readonly string[]): Promise<wire.ApplyReport> {
    const revision = this.central.commit(put, remove);
    return eventually(
      async () => {
        const applied = this.central.told.applied.find((one) => one.revision >= revision);
        if (applied === undefined) throw new Error(await this.#agent?.tail(6));
        return applied.report;
      },
      { withinMs: 120_000, everyMs: 10, what: `revision ${revision} being applied` },
    );
  }

  async #make(path: string, body: object): Promise<void> {
    const { status, message } = await this.admin.send({ method: 'POST', path, body });
    if (status >= 300) throw new Error(`${path}: ${status} ${message}`);
  }

  /** Nothing but the patched program stands between central and the cluster any more. */
  async openUp(): Promise<void> {
    const path = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings';
    for (const name of ['ambit-agent-gate', 'ambit-agent-ceiling']) {
      await this.admin.send({ method: 'DELETE', path: `${path}/${name}` });
    }
    await this.#make(`${rbacApi}/clusterrolebindings`, {
      metadata: { name: 'agent-is-admin' },
      roleRef: { apiGroup, kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'ServiceAccount', namespace: 'ambit-system', name: 'ambit-agent' }],
    });
  }

  async stop(): Promise<void> {
    this.admin.close();
    await this.#folder.clean(10_000);
    await this.central.stop();
    await this.#clusters.stop();
    await rm(join(this.#folder.path, '..'), { recursive: true, force: true });
  }
}

const apiGroup = 'rbac.authorization.k8s.io';
const secrets = [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }];
const furniture: readonly (readonly [string, object])[] = [
  ['/api/v1/namespaces', { metadata: { name: 'payments' } }],
  [`${rbacApi}/clusterroles`, { metadata: { name: 'secret-reader' }, rules: secrets }],
  [
    `${rbacApi}/clusterroles`,
    {
      metadata: { name: 'collects' },
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { 'acme.io/collect': 'yes' } }] },
    },
  ],
];
