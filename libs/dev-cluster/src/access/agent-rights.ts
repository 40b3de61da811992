import { AppError } from '@ambit/kernel';
import type { PolicyRule } from '@ambit/rbac';
import { parseAllDocuments } from 'yaml';
import { apiCall, type ApiEndpoint } from './api-call.ts';

/** The user that the kubeconfigs of agents stand for. */
export const agentUser = 'ambit-agent';

const path = '/apis/rbac.authorization.k8s.io/v1';
const subject = { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: agentUser };

/**
 * Makes `agentUser` hold exactly these rules in the whole cluster. A YAML stream may hold namespaces, which are made, and
 * Roles, which it holds there.
 */
export async function giveAgentRights(
  endpoint: ApiEndpoint,
  rules: string | readonly PolicyRule[],
): Promise<void> {
  const meta = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: agentUser } };
  await put(
    endpoint,
    { path: `${path}/clusterroles`, name: agentUser },
    {
      ...meta,
      kind: 'ClusterRole',
      rules: typeof rules === 'string' ? rulesOf(rules) : rules,
    },
  );
  await put(
    endpoint,
    { path: `${path}/clusterrolebindings`, name: agentUser },
    {
      ...meta,
      kind: 'ClusterRoleBinding',
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: agentUser },
      subjects: [subject],
    },
  );
  for (const object of typeof rules === 'string' ? objectsOf(rules) : []) {
    await giveInNamespace(endpoint, object);
  }
}

async function giveInNamespace(endpoint: ApiEndpoint, object: RightsObject): Promise<void> {
  const { name = '', namespace = '' } = object.metadata ?? {};
  if (object.kind === 'Namespace') {
    const at = { path: '/api/v1/namespaces', name };
    return put(endpoint, at, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  if (object.kind !== 'Role') return;
  const place = `${path}/namespaces/${namespace}`;
  await put(endpoint, { path: `${place}/roles`, name }, object);
  await put(
    endpoint,
    { path: `${place}/rolebindings`, name },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name, namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [subject],
    },
  );
}

interface RightsObject {
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  readonly rules?: readonly PolicyRule[];
}

function objectsOf(yaml: string): RightsObject[] {
  const documents = parseAllDocuments(yaml);
  return ('empty' in documents ? [] : documents).flatMap((document) => {
    const object = document.toJS() as RightsObject | null;
    return document.errors.length > 0 || object === null ? [] : [object];
  });
}

/** The rules of every ClusterRole in a YAML stream. Throws `invalid_request` when there is none. */
export function rulesOf(yaml: string): PolicyRule[] {
  const roles = objectsOf(yaml).filter(({ kind }) => kind === 'ClusterRole');
  if (roles.length > 0) return roles.flatMap(({ rules = [] }) => rules);
  throw new AppError(
    'invalid_request',
    'There is no ClusterRole in what was given as the rights of an agent.',
    {
      hint: 'Give the output of "ambit-agent print-rbac" as it stands.',
    },
  );
}

async function put(
  endpoint: ApiEndpoint,
  at: { readonly path: string; readonly name: string },
  body: unknown,
): Promise<void> {
  const created = await apiCall(endpoint, { method: 'POST', path: at.path, body });
  if (created.status === 201) return;
  const answer =
    created.status === 409
      ? await apiCall(endpoint, { method: 'PUT', path: `${at.path}/${at.name}`, body })
      : created;
  if (answer.status >= 300) {
    throw new AppError(
      'kubernetes_unavailable',
      `The rights of the agent were refused with ${answer.status}.`,
      {
        why: answer.text.slice(0, 300),
      },
    );
  }
}
