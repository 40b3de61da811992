import type { PolicyKindName } from './kinds/policy-kinds.ts';

/** Fields of the policy format that are designed and not built yet. `*` stands for a position in a list. */
const everywhere = ['metadata.managedBy'];

const byKind: Readonly<Record<PolicyKindName, readonly string[]>> = {
  User: ['spec.source', 'spec.externalId'],
  Group: ['spec.source', 'spec.externalId', 'spec.claimValue'],
  Role: ['spec.extends', 'spec.namespacedOnly'],
  Grant: ['spec.subjects.*.team', 'spec.subjects.*.serviceIdentity', 'spec.scope.namespaces.owned'],
  Cluster: [
    'spec.access',
    'spec.credential',
    'spec.audit',
    'spec.namespaceSelector',
    'spec.adoption',
  ],
};

/** True for a field that a later version will know; `pointer` is its JSON pointer within the document. */
export function isLaterField(kind: PolicyKindName, pointer: string): boolean {
  const path = pointer
    .slice(1)
    .split('/')
    .map((step) => (/^\d+$/.test(step) ? '*' : step))
    .join('.');
  return everywhere.includes(path) || byKind[kind].includes(path);
}
