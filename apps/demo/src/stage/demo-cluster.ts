import { join } from 'node:path';
import type { DevCluster } from '@ambit/dev-cluster';
import { KubeClient, kubeResources, loadKubeconfig, type KubeObject } from '@ambit/kube';

/** A namespace of the demo and its team. */
export interface DemoNamespace {
  readonly name: string;
  readonly team: string;
}

/** What the demo knows of a cluster before it starts it. */
export interface ClusterPlan {
  readonly name: string;
  readonly env: string;
  /** What checks the tokens that people come in with: the agent, or the API server by itself. */
  readonly via: 'Webhook' | 'OIDC';
  readonly namespaces: readonly DemoNamespace[];
}

export const clusterPlans: readonly ClusterPlan[] = [
  {
    name: 'prod-eu',
    env: 'prod',
    via: 'Webhook',
    namespaces: [
      { name: 'payments', team: 'payments' },
      { name: 'shop', team: 'shop' },
    ],
  },
  {
    name: 'staging-eu',
    env: 'staging',
    via: 'OIDC',
    namespaces: [
      { name: 'payments', team: 'payments' },
      { name: 'payments-preview', team: 'payments' },
      { name: 'shop', team: 'shop' },
    ],
  },
];

/** One running cluster of the demo, seen by its owner. */
export interface DemoCluster {
  readonly plan: ClusterPlan;
  readonly dev: DevCluster;
  /** With the rights of the cluster's admin. */
  readonly kube: KubeClient;
  readonly adminKubeconfig: string;
}

/** Writes the admin's kubeconfig and makes the namespaces that the owner of such a cluster would have. */
export async function prepareCluster(
  plan: ClusterPlan,
  dev: DevCluster,
  folder: string,
): Promise<DemoCluster> {
  const adminKubeconfig = join(folder, `${plan.name}.kubeconfig`);
  await dev.writeKubeconfig(adminKubeconfig);
  const kube = new KubeClient({ connection: await loadKubeconfig(adminKubeconfig) });
  for (const namespace of plan.namespaces) {
    const object: KubeObject = {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace.name, labels: { team: namespace.team } },
    };
    await kube.create(kubeResources.namespaces, object);
  }
  return { plan, dev, kube, adminKubeconfig };
}
