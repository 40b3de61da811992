export { auditGrant, auditGrantDeleted } from './grant-audit.ts';
export { clusterSelectorOf, subjectOf, subjectResponse } from './grant-fields.ts';
export { grantKind } from './grant-kind.ts';
export { clusterSelectorResponse } from './grant-response.ts';
export { layGrantHours } from './lay-grant-hours.ts';
export { sweepEndedGrants } from './sweep-ended-grants.ts';
