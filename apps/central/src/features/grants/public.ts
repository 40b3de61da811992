export { auditGrant, auditGrantDeleted } from './grant-audit.ts';
export { subjectOf, subjectResponse } from './grant-fields.ts';
export { grantKind } from './grant-kind.ts';
export { sweepEndedGrants } from './sweep-ended-grants.ts';
