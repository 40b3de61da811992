import { devClusterSettings, startDevClusters, startSimulatedCluster } from '@ambit/dev-cluster';
import type { DevCluster, DevClusterKind } from '@ambit/dev-cluster';
import { isKubeError, kubeResources } from '@ambit/kube';
import type { KubeClient, KubeError, KubeObject } from '@ambit/kube';
import type { BindingObject, PolicyRule, RbacSubject, RoleObject } from '@ambit/rbac';
import { rbacApiGroup, rbacApiVersion } from '@ambit/rbac';
import { clientFor } from './client-for.ts';

/** One API server under the suite, and who asks it. */
export interface Target {
  readonly kind: DevClusterKind;
  readonly cluster: DevCluster;
  readonly admin: KubeClient;
  /** All verbs on the four kinds, `bind` on view and edit, and none of the rules it hands out. */
  readonly writer: KubeClient;
  readonly writerKubeconfig: string;
  /** A namespace of its own for a test. */
  namespace(): Promise<string>;
  stop(): Promise<void>;
}

const all = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];

export const writerRules: readonly PolicyRule[] = [
  {
    apiGroups: [rbacApiGroup],
    resources: ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'],
    verbs: all,
  },
  {
    apiGroups: [rbacApiGroup],
    resources: ['clusterroles'],
    resourceNames: ['view', 'edit'],
    verbs: ['bind'],
  },
];

/** Both targets, or the simulated one and why there is no real one. Rejects when a real one is required. */
export async function startTargets(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly targets: Target[]; readonly missing?: string }> {
  const simulated = await targetOn(await startSimulatedCluster({ name: 'conformance' }));
  try {
    const settings = devClusterSettings(environment);
    const clusters = await startDevClusters({ names: ['conformance'], settings, forTests: true });
    if (clusters.kind === 'real') {
      const real = await targetOn(clusters.cluster('conformance'));
      return { targets: [simulated, { ...real, stop: () => real.stop().then(clusters.stop) }] };
    }
    await clusters.stop();
    return { targets: [simulated], missing: clusters.reasons.join(' ') };
  } catch (error) {
    await simulated.stop();
    throw error;
  }
}

async function targetOn(cluster: DevCluster): Promise<Target> {
  const admin = await clientFor(cluster.adminKubeconfig);
  const writerKubeconfig = await cluster.agentKubeconfig(writerRules);
  const writer = await clientFor(writerKubeconfig);
  let namespaces = 0;
  return {
    kind: cluster.kind,
    cluster,
    admin,
    writer,
    writerKubeconfig,
    namespace: async () => {
      namespaces += 1;
      const name = `ns-${namespaces}`;
      await admin.create(kubeResources.namespaces, { metadata: { name } });
      return name;
    },
    stop: async () => {
      admin.close();
      writer.close();
      await cluster.stop();
    },
  };
}

export function user(name: string): RbacSubject {
  return { kind: 'User', apiGroup: rbacApiGroup, name };
}

export function roleBinding(
  namespace: string,
  name: string,
  more: {
    readonly role?: string;
    readonly roleKind?: 'Role' | 'ClusterRole';
    readonly subjects?: readonly RbacSubject[];
    readonly labels?: Record<string, string>;
  } = {},
): BindingObject {
  const {
    role = 'view',
    roleKind = 'ClusterRole',
    subjects = [user(`ambit:${name}`)],
    labels,
  } = more;
  return {
    apiVersion: rbacApiVersion,
    kind: 'RoleBinding',
    metadata: { namespace, name, ...(labels === undefined ? {} : { labels }) },
    roleRef: { apiGroup: rbacApiGroup, kind: roleKind, name: role },
    subjects,
  };
}

export function clusterRoleBinding(
  name: string,
  role: string,
  subjects: readonly RbacSubject[],
): BindingObject {
  return {
    apiVersion: rbacApiVersion,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: rbacApiGroup, kind: 'ClusterRole', name: role },
    subjects,
  };
}

export function clusterRole(
  name: string,
  rules: readonly PolicyRule[],
  more: { readonly labels?: Record<string, string>; readonly aggregationRule?: unknown } = {},
): RoleObject {
  const { labels, aggregationRule } = more;
  return {
    apiVersion: rbacApiVersion,
    kind: 'ClusterRole',
    metadata: { name, ...(labels === undefined ? {} : { labels }) },
    rules,
    ...(aggregationRule === undefined ? {} : { aggregationRule }),
  };
}

/** The refusal; fails when there is none. */
export async function refusal(call: Promise<unknown>): Promise<KubeError> {
  try {
    await call;
  } catch (error) {
    if (isKubeError(error)) return error;
    throw error;
  }
  throw new Error('the API server did not refuse');
}

export function keyOf(object: KubeObject): { name: string; namespace?: string } {
  const { name, namespace } = object.metadata;
  return namespace === undefined ? { name } : { name, namespace };
}
