/** How other slices change policy. */
export { keepAdmin } from './keep-admin.ts';
export { applyResult, withWarnings } from './apply-result.ts';
export { removalsOf } from './bound-sync.ts';
export { closedToSync, refuseTakeover } from './closed-groups.ts';
export { CommitPolicy } from './commit-policy.ts';
export type { CommitRequest } from './commit-policy.ts';
export type { Connections } from './connections.ts';
export { plainKind } from './plain-kind.ts';
export { auditPlainPut, auditRemoved, listed, mostSubjects, objectOf } from './policy-audit.ts';
export type { Audit } from './policy-audit.ts';
export { PolicyKinds, policyKind } from './policy-kind.ts';
export type { DocumentOf, ReadParts, Reference, ServedKind } from './policy-kind.ts';
export { policyUseCases } from './policy-use-cases.ts';
export type { PolicyUseCases } from './policy-use-cases.ts';
export { PolicyModule } from './policy.module.ts';
export { requireRight } from './with-rights.ts';
export { uidOf, uidsOf } from './put-document.ts';
export { writeRequest } from './write-request.ts';
