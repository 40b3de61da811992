import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDevClusters } from '@ambit/dev-cluster';
import type { DevCluster, DevClusters, DevClusterSettings } from '@ambit/dev-cluster';
import { isKubeError, kubeResources } from '@ambit/kube';
import type { KubeClient } from '@ambit/kube';
import { ambitAnnotations, ambitLabels, rbacApiGroup, rbacApiVersion } from '@ambit/rbac';
import type { BindingObject, Ceiling, ObjectMeta, PolicyRule, RoleObject } from '@ambit/rbac';
import { eventually } from '@ambit/testing';
import { printPolicy } from '../src/admission/print-policy.ts';
import { ceilingOf, clientOf } from './reconcile-scene.ts';

/** An agent that RBAC lets do everything, so that only the policies decide. */
const everything: readonly PolicyRule[] = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { nonResourceURLs: ['*'], verbs: ['*'] },
];

/** A real API server with the policies of a ceiling, asked by the agent and by an admin. */
export class AdmissionScene {
  readonly cluster: DevCluster;
  readonly admin: KubeClient;
  readonly agent: KubeClient;
  readonly folder: string;
  readonly #clusters: DevClusters;

  private constructor(parts: {
    clusters: DevClusters;
    cluster: DevCluster;
    admin: KubeClient;
    agent: KubeClient;
    folder: string;
  }) {
    this.#clusters = parts.clusters;
    this.cluster = parts.cluster;
    this.admin = parts.admin;
    this.agent = parts.agent;
    this.folder = parts.folder;
  }

  static async open(
    settings: DevClusterSettings,
    ceiling: Partial<Ceiling>,
  ): Promise<AdmissionScene> {
    const clusters = await startDevClusters({ names: ['admission'], settings, forTests: true });
    const cluster = clusters.cluster('admission');
    const folder = await mkdtemp(join(tmpdir(), 'ambit-admission-'));
    const admin = await clientOf(folder, 'admin', cluster.adminKubeconfig);
    const kubeconfig = await cluster.agentKubeconfig(everything, policiesOf(ceiling));
    const agent = await clientOf(folder, 'agent', kubeconfig);
    return new AdmissionScene({ clusters, cluster, admin, agent, folder });
  }

  /** Resolves when the policies of this ceiling are in force. */
  async rule(ceiling: Partial<Ceiling>): Promise<void> {
    await this.cluster.agentKubeconfig(everything, policiesOf(ceiling));
  }

  clientOf(name: string, kubeconfig: string): Promise<KubeClient> {
    return clientOf(this.folder, name, kubeconfig);
  }

  async namespace(name: string): Promise<void> {
    await this.admin.create(kubeResources.namespaces, { metadata: { name } });
  }

  async close(): Promise<void> {
    this.admin.close();
    this.agent.close();
    await this.#clusters.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

export function policiesOf(ceiling: Partial<Ceiling>): string {
  return printPolicy(ceilingOf(ceiling), {});
}

function meta(name: string): ObjectMeta {
  const labels = {
    [ambitLabels.managedBy]: 'ambit',
    [ambitLabels.cluster]: 'cluster',
    [ambitLabels.installation]: 'installation',
  };
  return { name, labels, annotations: { [ambitAnnotations.identity]: name } };
}

/** A binding as an honest agent writes it. */
export function ourBinding(
  change: {
    readonly name?: string;
    readonly namespace?: string;
    readonly role?: string;
    readonly subjects?: readonly string[];
  } = {},
): BindingObject {
  const { name = 'ambit-view-abcdefghijkl', namespace = 'default', role = 'view' } = change;
  const { subjects = ['ambit:ann'] } = change;
  return {
    apiVersion: rbacApiVersion,
    kind: 'RoleBinding',
    metadata: { ...meta(name), namespace },
    roleRef: { apiGroup: rbacApiGroup, kind: 'ClusterRole', name: role },
    subjects: subjects.map((subject) => ({ kind: 'User', apiGroup: rbacApiGroup, name: subject })),
  };
}

/** A role as an honest agent writes it. */
export function ourRole(
  rules: readonly PolicyRule[],
  name = 'ambit-role-abcdefghijkl',
): RoleObject {
  return { apiVersion: rbacApiVersion, kind: 'ClusterRole', metadata: meta(name), rules };
}

/** What the API server says against it; empty when it takes it. */
export async function verdict(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return '';
  } catch (error) {
    if (isKubeError(error)) return `${error.status} ${error.message}`;
    throw error;
  }
}

export const untilGone = (client: KubeClient, namespace: string): Promise<void> =>
  eventually(
    async () => {
      const said = await verdict(client.get(kubeResources.namespaces, { name: namespace }));
      if (!said.startsWith('404')) throw new Error(said || 'it is still there');
    },
    { what: `the namespace ${namespace} being gone` },
  );
