/**
 * The one place that speaks to PostgreSQL: the embedded server, rows, migrations, stores that exist only inside a
 * transaction, read queries, the feed of policy changes and the audit store. It holds no rule of the product.
 */
export { databaseAddress } from './database-tls.ts';
export type { AuditFilter } from './audit/audit-filter.ts';
export { dropAuditBefore, makeAuditPartitions } from './audit/audit-partitions.ts';
export { auditToDrop, type AuditToDrop } from './audit/audit-to-drop.ts';
export { writtenEvent, type StoredEvent, type WrittenEvent } from './audit/event-row.ts';
export { ingestAuditPiecewise, readIngestFacts } from './audit/ingest-piecewise.ts';
export type { IngestBatch, IngestRecord, IngestResult, StoredBatch } from './audit/ingest-audit.ts';
export { listAudit, type AuditQuery } from './audit/list-audit.ts';
export { readAuditCursors } from './audit/read-audit-cursors.ts';
export { auditMatcher } from './audit/match-audit.ts';
export {
  auditTailStart,
  tailAudit,
  tailPlace,
  type TailCursor,
  type TailEvent,
  type TailPage,
} from './audit/tail-audit.ts';
export type { BackupHead } from './backup/backup-head.ts';
export type { PolicyDifference } from './backup/policy-difference.ts';
export { readBackup, type BackupPart } from './backup/read-backup.ts';
export { loadBackup, type BackupSource, type Restored } from './backup/load-backup.ts';
export { builtInRoleUids } from './built-in-roles.ts';
export { isDistrust, isRowRefused } from './database-error.ts';
export type { KnownPolicy } from './drafts/draft-context.ts';
export { NeedsTransaction, PolicyMoved } from './drafts/not-drafted.ts';
export { openDatabase, type Database, type DatabaseOptions } from './database.ts';
export { keepsSessions } from './session-check.ts';
export {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
} from './embedded/embedded-postgres.ts';
export { runningEmbeddedUrl } from './embedded/running-server.ts';
export { DatabaseReplaced, PolicyFeed, type PolicyFeedOptions } from './feed/policy-feed.ts';
export { HintListener } from './feed/hint-listener.ts';
export * from './directory/directory-record.ts';
export { filterableType } from './directory/directory-filter.ts';
export {
  allDirectoryGroups,
  allDirectoryUsers,
  type GivenGroup,
} from './directory/directory-snapshot.ts';
export { lockDirectorySync } from './directory/sync-lock.ts';
export {
  findDirectoryGroup,
  findDirectoryUser,
  findGroupsByExternalId,
  listDirectoryGroups,
  listDirectoryUsers,
  listGivenMembers,
} from './directory/directory-rows.ts';
export {
  findDirectoryStanding,
  keepDirectoryNews,
  readDirectories,
  type DirectoryNews,
} from './directory/directory-status.ts';
export { readPolicySnapshot } from './feed/policy-snapshot.ts';
export { readPastPolicy, type PastPart } from './feed/past-policy.ts';
export { historyReach, revisionInForce, revisionTime } from './feed/policy-history.ts';
export { membershipSources, type MembershipKey } from './queries/membership-sources.ts';
export { findAgentIdentity } from './queries/agent-identity.ts';
export { findApiTokens, listApiTokens, touchApiTokens } from './queries/api-tokens.ts';
export { namesOfUids } from './kinds/names-of-uids.ts';
export * from './queries/credential-requests.ts';
export { listIssuerKeys } from './queries/issuer-keys.ts';
export {
  findSessions,
  countEndingTokens,
  countSessions,
  listServiceTokens,
  listSessions,
  touchSessions,
} from './queries/sessions.ts';
export { listAgents, listJoinTokens, type EnrolledAgent } from './queries/enrolment.ts';
export {
  findAccessTokens,
  SignInRecordStore,
  type FoundSignInRecord,
} from './sign-in/sign-in-record.store.ts';
export {
  findActiveUser,
  findLocalCredential,
  findSetUp,
  type LocalCredential,
} from './sign-in/local-credential.store.ts';
export { listIdentities, type LinkableUser, type NewIdentity } from './sign-in/identity.store.ts';
export * from './sign-in/sign-in-attempts.ts';
export { readDatabaseFacts, type DatabaseFacts } from './queries/database-facts.ts';
export { clustersNotRenewed } from './queries/not-renewed.ts';
export { findInstallation } from './queries/installation.ts';
export { findCluster, listClusters } from './kinds/cluster/cluster-row.ts';
export { findGrant, listGrants, type GrantListQuery } from './kinds/grant/grant-row.ts';
export { findGroup, listGroups } from './kinds/group/group-row.ts';
export { findPlain, findPlains, listPlain } from './kinds/plain/plain-row.ts';
export { findRole, listRoles } from './kinds/role/role-row.ts';
export { findUser, listUsers } from './kinds/user/user-row.ts';
export { holderName, listStatesAhead, readStanding } from './queries/states-ahead.ts';
export type { KeysetQuery, Page } from './queries/page.ts';
export * from './records.ts';
export type { StateAhead } from './state-ahead.ts';
export { excessRights } from './rights/excess-rights.ts';
export { grantRights, keepAuditFor } from './rights/grant-rights.ts';
export { type DatabaseRoles, roleNames } from './rights/role-names.ts';
export { effectiveAttributes, type GivenAttributes } from './kinds/user/given-attributes.ts';
export { findRuleStandings } from './rules/rule-rows.ts';
export * from './rules/grant-condition.ts';
export { findConditionStandings, findPeopleAsRead } from './rules/condition-rows.ts';
export * from './rules/team-rule.ts';
export type { Sql } from './sql.ts';
export type {
  ClosableGroup,
  HeldRole,
  NamedDelegation,
  SyncRemovals,
  TakenAway,
} from './sync-bounds.ts';
export * from './sync/cluster-inventory.ts';
export * from './sync/cluster-unmanaged.ts';
export { readResources, type ResourcesPart } from './sync/cluster-resources.ts';
export * from './sync/admit-known-agents.ts';
export * from './sync/cluster-sync.ts';
export * from './sync/purge-removed-clusters.ts';
export * from './sync/read-cluster-evidence.ts';
export * from './sync/read-cluster-sync.ts';
export * from './credential-stores.ts';
export * from './installation-store.ts';
export { isOfTeams } from './queries/of-teams.ts';
export type {
  OwnedGrant,
  AccessOfTeam,
  TeamOwnership,
  TeamRights,
  TeamStore,
} from './team-ownership.ts';
export type { KnownNames } from './known-names.ts';
export * from './transaction.ts';
export { UnitOfWork, type Committed, type Draft, type UnitOfWorkMeta } from './unit-of-work.ts';
