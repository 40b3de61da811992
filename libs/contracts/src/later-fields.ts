import { findPolicyKind, type PolicyKindName } from './kinds/policy-kinds.ts';

/** Fields of the policy format that are designed and not built yet, of every kind; its own stand with each kind. */
const everywhere = ['metadata.managedBy'];

/** True for a field that a later version will know; `pointer` is its JSON pointer within the document. */
export function isLaterField(kind: PolicyKindName, pointer: string): boolean {
  const path = pointer
    .slice(1)
    .split('/')
    .map((step) => (/^\d+$/.test(step) ? '*' : step))
    .join('.');
  const own: readonly string[] = findPolicyKind(kind)?.laterFields ?? [];
  return everywhere.includes(path) || own.includes(path);
}
