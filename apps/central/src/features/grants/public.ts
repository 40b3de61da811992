export { auditGrant, auditGrantDeleted } from './grant-audit.ts';
export { grantKind } from './grant-kind.ts';
export { sweepEndedGrants } from './sweep-ended-grants.ts';
