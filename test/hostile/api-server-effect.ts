import type { RawKube } from '../support/raw-kube.ts';
import { objectProblem } from './api-server-judge.ts';
import type { Draft } from './api-server-objects.ts';
import { agentAccount, rbacApi } from './api-server-world.ts';
import type { OwnersWill } from './api-server-world.ts';

const admission = '/apis/admissionregistration.k8s.io/v1';
/** Everything that power could have been put into. */
const dumped = [
  ...['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'].map(
    (kind) => `${rbacApi}/${kind}`,
  ),
  ...[
    'validatingadmissionpolicies',
    'validatingadmissionpolicybindings',
    'mutatingadmissionpolicies',
    'validatingwebhookconfigurations',
    'mutatingwebhookconfigurations',
  ].map((kind) => `${admission}/${kind}`),
  ...[
    'namespaces',
    'serviceaccounts',
    'secrets',
    'configmaps',
    'pods',
    'services',
    'nodes',
    'persistentvolumes',
  ].map((kind) => `/api/v1/${kind}`),
  ...['deployments', 'daemonsets'].map((kind) => `/apis/apps/v1/${kind}`),
  '/apis/batch/v1/jobs',
  '/apis/certificates.k8s.io/v1/certificatesigningrequests',
  '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  '/apis/apiregistration.k8s.io/v1/apiservices',
];

interface Item {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** What stands in the cluster, by path and name, without what the API server itself keeps moving. */
export type Dump = ReadonlyMap<string, string>;

export async function dump(admin: RawKube): Promise<Dump> {
  const found = new Map<string, string>();
  for (const path of dumped) {
    const { status, body } = await admin.send({ method: 'GET', path });
    if (status === 404) continue;
    for (const item of (body['items'] ?? []) as Item[]) {
      const { metadata, status: _, ...rest } = item as Item & { status?: unknown };
      const {
        managedFields: __,
        resourceVersion: ___,
        ...kept
      } = metadata as Record<string, unknown>;
      const key = `${path} ${metadata.namespace ?? ''}/${metadata.name}`;
      found.set(key, JSON.stringify({ ...rest, metadata: kept }));
    }
  }
  return found;
}

const kinds: Readonly<Record<string, Draft['kind']>> = {
  [`${rbacApi}/rolebindings`]: 'RoleBinding',
  [`${rbacApi}/clusterrolebindings`]: 'ClusterRoleBinding',
  [`${rbacApi}/clusterroles`]: 'ClusterRole',
};

/** What changed between two dumps that the owner did not allow. */
export function forbiddenChanges(before: Dump, after: Dump, will: OwnersWill): string[] {
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
    (key) => before.get(key) !== after.get(key),
  );
  return changed.flatMap((key) => {
    const [path = ''] = key.split(' ');
    const kind = kinds[path];
    const text = after.get(key);
    if (kind === undefined) return [`${key} changed`];
    if (text === undefined)
      return /\/ambit-[^/]*$/.test(key) && !key.includes('foreign') ? [] : [`${key} is gone`];
    const problem = objectProblem({ ...(JSON.parse(text) as Draft), kind }, will);
    return problem === undefined ? [] : [`${key}: ${problem}`];
  });
}

const asked: readonly (readonly [string, string, string, string])[] = [
  ['get', '', 'secrets', 'kube-system'],
  ['create', '', 'pods', 'kube-system'],
  ['create', '', 'pods', 'payments'],
  ['get', '', 'pods', 'vault'],
  ['impersonate', '', 'users', ''],
  ['escalate', 'rbac.authorization.k8s.io', 'clusterroles', ''],
  ['delete', 'admissionregistration.k8s.io', 'validatingadmissionpolicies', ''],
];

const users: readonly (readonly [string, readonly string[]])[] = [
  [agentAccount, ['system:authenticated']],
  ['system:anonymous', ['system:unauthenticated']],
  ['stranger', ['system:authenticated']],
  ['ambit:person-0', ['system:authenticated']],
  ['system:serviceaccount:payments:default', ['system:serviceaccounts', 'system:authenticated']],
  ['system:serviceaccount:kube-system:default', ['system:serviceaccounts', 'system:authenticated']],
];

/** Who may do what matters, as the API server decides. */
export async function decisions(admin: RawKube): Promise<string[]> {
  const all: string[] = [];
  for (const [user, groups] of users) {
    for (const [verb, group, resource, namespace] of asked) {
      // What people of ours may do there is judged by the bindings that stand.
      if (user.startsWith('ambit:') && /payments|vault/.test(namespace)) continue;
      const { body } = await admin.send({
        method: 'POST',
        path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
        body: { spec: { user, groups, resourceAttributes: { verb, group, resource, namespace } } },
      });
      const { allowed } = body['status'] as { allowed: boolean };
      if (allowed) all.push(`${user} may ${verb} ${resource} in ${namespace || 'the cluster'}`);
    }
  }
  return all;
}
