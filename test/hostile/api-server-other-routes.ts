import type { RawRequest } from '../support/raw-kube.ts';
import type { Route } from './api-server-attack.ts';
import { changing } from './api-server-attack.ts';
import { standing } from './api-server-objects.ts';
import { otherWrites, ourLabels as labels } from './api-server-other-writes.ts';
import { agentAccount, rbacApi, rbacGroup } from './api-server-world.ts';

const merge = 'application/merge-patch+json';
const bindings = (namespace: string): string => `${rbacApi}/namespaces/${namespace}/rolebindings`;

/** Collections and names of what is not of Ambit. */
const foreign: readonly (readonly [string, string])[] = [
  [bindings('payments'), 'admins'],
  [bindings('payments'), 'ambit-view-foreignaaaaa'],
  [bindings('kube-system'), 'owners'],
  [bindings('kube-system'), 'system:controller:token-cleaner'],
  [`${rbacApi}/namespaces/payments/roles`, 'local'],
  [`${rbacApi}/namespaces/kube-system/roles`, 'extension-apiserver-authentication-reader'],
  [`${rbacApi}/clusterroles`, 'secret-reader'],
  [`${rbacApi}/clusterroles`, 'collects'],
  [`${rbacApi}/clusterroles`, 'view'],
  [`${rbacApi}/clusterroles`, 'edit'],
  [`${rbacApi}/clusterroles`, 'cluster-admin'],
  [`${rbacApi}/clusterroles`, 'system:discovery'],
  [`${rbacApi}/clusterroles`, agentAccount],
  [`${rbacApi}/clusterrolebindings`, agentAccount],
  [`${rbacApi}/clusterrolebindings`, 'cluster-admin'],
  [`${rbacApi}/clusterrolebindings`, 'system:basic-user'],
];

const foreignPatches: readonly object[] = [
  { metadata: { labels } },
  { metadata: { labels, annotations: { 'ambit.dev/identity': 'x' } } },
  { metadata: { labels: null } },
  { metadata: { annotations: null } },
  { metadata: { finalizers: ['hostile.io/keep'] } },
  { metadata: { finalizers: null } },
  { metadata: { ownerReferences: null } },
  { subjects: [{ kind: 'User', apiGroup: rbacGroup, name: agentAccount }] },
  { subjects: [{ kind: 'User', apiGroup: rbacGroup, name: 'ambit:ann' }] },
  { subjects: null },
  { rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] },
  { rules: null },
  { aggregationRule: { clusterRoleSelectors: [{}] } },
  {},
];

/** Changes or deletes what is not of Ambit, the agent's own rights among it. */
export const foreignObjects: Route = (dice) => {
  const [collection, name] = dice.pick(foreign);
  const path = `${collection}/${encodeURIComponent(name)}`;
  if (dice.chance(0.4)) {
    const body = dice.chance(0.5) ? { propagationPolicy: 'Background' } : undefined;
    const options = body === undefined ? {} : { kind: 'DeleteOptions', apiVersion: 'v1', ...body };
    return { says: `DELETE ${name}`, request: { method: 'DELETE', path, body: options } };
  }
  const patch = dice.pick(foreignPatches);
  const request: RawRequest = { method: 'PATCH', path, body: patch, contentType: merge };
  return { says: `patch ${name} with ${JSON.stringify(patch)}`, request };
};

/** Whole collections at once, also through selectors that look like ours. */
export const collections: Route = (dice) => {
  const collection = dice.pick([
    bindings('payments'),
    bindings('kube-system'),
    `${rbacApi}/clusterroles`,
    `${rbacApi}/clusterrolebindings`,
    `${rbacApi}/namespaces/payments/roles`,
    '/api/v1/namespaces/payments/secrets',
    '/api/v1/namespaces/payments/pods',
  ]);
  const selector = dice.pick(['', '?labelSelector=ambit.dev/managed-by%21%3Dambit', '?limit=1']);
  const path = `${collection}${selector}`;
  return { says: `deletecollection ${path}`, request: { method: 'DELETE', path } };
};

export const otherResources: Route = (dice) => {
  const [method, path, body] = dice.pick(otherWrites);
  const contentType = method === 'PATCH' ? { contentType: merge } : {};
  return { says: `${method} ${path}`, request: { method, path, body, ...contentType } };
};

/** Speaks in another's name. */
export const impersonation: Route = (dice) => {
  const names = ['system:admin', 'admin', 'system:serviceaccount:kube-system:default', 'ambit:ann'];
  const headers: Record<string, string> = { 'impersonate-user': dice.pick(names) };
  if (dice.chance(0.5)) headers['impersonate-group'] = 'system:masters';
  if (dice.chance(0.2)) headers['impersonate-extra-scopes'] = 'x';
  const [method, path, body] = dice.pick(otherWrites);
  const contentType = method === 'PATCH' ? { contentType: merge } : {};
  const request = { method, path, body, headers, ...contentType };
  return { says: `${method} ${path} as ${JSON.stringify(headers)}`, request };
};

/** Takes the proof off ours, so that it would be nobody's, or hides what it is. */
export const strippedOfProof: Route = (dice) => {
  const patch = dice.pick<object>([
    { metadata: { labels: null } },
    { metadata: { annotations: null } },
    { metadata: { labels: null, annotations: null } },
    { metadata: { labels: { 'ambit.dev/managed-by': null } } },
    { metadata: { labels: { 'ambit.dev/managed-by': 'helm' } } },
    { metadata: { annotations: { 'ambit.dev/identity': null } } },
  ]);
  const name = standing.RoleBinding;
  const path = `${bindings('payments')}/${name}`;
  const request: RawRequest = { method: 'PATCH', path, body: patch, contentType: merge };
  return { says: `patch ours with ${JSON.stringify(patch)}`, request };
};

/** Replaces somebody's object by one that looks like ours. */
export const lookalikes: Route = (dice) => {
  const [collection, name] = dice.pick(foreign);
  const kind = collection.endsWith('bindings') ? 'RoleBinding' : 'ClusterRole';
  const body = {
    apiVersion: `${rbacGroup}/v1`,
    kind: collection === `${rbacApi}/clusterrolebindings` ? 'ClusterRoleBinding' : kind,
    metadata: { name, labels, annotations: { 'ambit.dev/identity': name } },
    ...(kind === 'RoleBinding'
      ? {
          roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: 'view' },
          subjects: [{ kind: 'User', apiGroup: rbacGroup, name: 'ambit:ann' }],
        }
      : { rules: [] }),
  };
  const request = changing(dice, collection, body);
  return { says: `${request.method} a lookalike over ${name}`, request };
};
