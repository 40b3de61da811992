/** The parts of `admissionregistration.k8s.io/v1` that are written, each with the value the API server would default. */

export interface ResourceRule {
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly operations: readonly string[];
  readonly resources: readonly string[];
  readonly scope: '*';
}

export interface Variable {
  readonly name: string;
  readonly expression: string;
}

export interface Check {
  readonly expression: string;
  readonly message: string;
}

/** One policy before it knows whose writes it judges. */
export interface PolicyDraft {
  readonly name: string;
  readonly resourceRules: readonly ResourceRule[];
  readonly variables: readonly Variable[];
  readonly checks: readonly Check[];
}

export const gateName = 'ambit-agent-gate';
export const ceilingName = 'ambit-agent-ceiling';
export const certificatesName = 'ambit-agent-certificates';

/** What the API server calls the group in which certificates are asked for. */
export const certificatesGroup = 'certificates.k8s.io';

/** What the API server calls the group in which roles and bindings live. */
export const rbacGroup = 'rbac.authorization.k8s.io';

/** The kinds that the agent writes. */
export const writtenResources = ['rolebindings', 'clusterrolebindings', 'clusterroles'] as const;

/** The value of a field, or what it is when it is absent; what is typed as a list may be null too. */
export function fieldOr(field: string, otherwise: '[]'): string {
  return `(has(${field}) && ${field} != null ? ${field} : ${otherwise})`;
}

const unchanged = (field: string): string =>
  `${fieldOr(`object.${field}`, '[]')} == ${fieldOr(`oldObject.${field}`, '[]')}`;

/**
 * Taking off finalizers while the object is being deleted, and nothing else: a binding under deletion grants until
 * they are gone, so this is let through whatever the ceiling says.
 */
export const releasing: Variable = {
  name: 'releasing',
  expression: [
    "request.operation == 'UPDATE' && has(oldObject.metadata.deletionTimestamp)",
    ...['subjects', 'rules', 'aggregationRule'].map(unchanged),
  ].join('\n&& '),
};
