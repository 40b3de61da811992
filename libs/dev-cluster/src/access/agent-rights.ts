import { AppError } from '@ambit/kernel';
import type { PolicyRule } from '@ambit/rbac';
import { parseAllDocuments } from 'yaml';
import { apiCall, type ApiEndpoint } from './api-call.ts';

/** The user that the kubeconfigs of agents stand for. */
export const agentUser = 'ambit-agent';

const path = '/apis/rbac.authorization.k8s.io/v1';

/** Makes `agentUser` hold exactly these rules in the whole cluster. */
export async function giveAgentRights(
  endpoint: ApiEndpoint,
  rules: string | readonly PolicyRule[],
): Promise<void> {
  const meta = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: agentUser } };
  await put(endpoint, 'clusterroles', {
    ...meta,
    kind: 'ClusterRole',
    rules: typeof rules === 'string' ? rulesOf(rules) : rules,
  });
  await put(endpoint, 'clusterrolebindings', {
    ...meta,
    kind: 'ClusterRoleBinding',
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: agentUser },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: agentUser }],
  });
}

/** The rules of every ClusterRole in a YAML stream. Throws `invalid_request` when there is none. */
export function rulesOf(yaml: string): PolicyRule[] {
  const documents = parseAllDocuments(yaml);
  const rules: PolicyRule[] = [];
  let roles = 0;
  for (const document of 'empty' in documents ? [] : documents) {
    const object = document.toJS() as { kind?: string; rules?: PolicyRule[] } | null;
    if (document.errors.length > 0 || object?.kind !== 'ClusterRole') continue;
    roles += 1;
    rules.push(...(object.rules ?? []));
  }
  if (roles > 0) return rules;
  throw new AppError(
    'invalid_request',
    'There is no ClusterRole in what was given as the rights of an agent.',
    {
      hint: 'Give the output of "ambit-agent print-rbac" as it stands.',
    },
  );
}

async function put(endpoint: ApiEndpoint, kind: string, body: unknown): Promise<void> {
  const created = await apiCall(endpoint, { method: 'POST', path: `${path}/${kind}`, body });
  if (created.status === 201) return;
  const answer =
    created.status === 409
      ? await apiCall(endpoint, { method: 'PUT', path: `${path}/${kind}/${agentUser}`, body })
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
