/** How other slices change policy. */
export { applyResult } from './apply-result.ts';
export { CommitPolicy } from './commit-policy.ts';
export type { CommitRequest } from './commit-policy.ts';
export { connectionsToken } from './connections.ts';
export type { Connections } from './connections.ts';
export { ObjectWrites } from './object-writes.ts';
export { listQuery } from './list-query.ts';
export {
  auditGrant,
  auditGrantDeleted,
  auditGrantEnded,
  auditMembers,
  auditRemoved,
} from './policy-audit.ts';
export { PolicyModule } from './policy.module.ts';
export { writeRequest } from './write-request.ts';
