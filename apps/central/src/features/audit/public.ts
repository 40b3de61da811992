/** What other slices may use of the audit trail. */
export { AuditModule } from './audit.module.ts';
export { auditJobs } from './audit-jobs.ts';
export { AuditTail } from './audit-tail.ts';
