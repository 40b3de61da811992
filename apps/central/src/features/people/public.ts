export { auditGroup, auditMembers } from './group-audit.ts';
export { groupKind } from './group-kind.ts';
export { GroupMembership } from './group-membership.ts';
export { PeopleModule } from './people.module.ts';
export { auditUser, userKind } from './user-kind.ts';
