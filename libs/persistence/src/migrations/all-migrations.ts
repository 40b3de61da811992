import { Policy1795470000000 } from './1795470000000-policy.ts';
import { Agents1795470060000 } from './1795470060000-agents.ts';
import { Audit1795470120000 } from './1795470120000-audit.ts';
import { Lineage1795470180000 } from './1795470180000-lineage.ts';
import { AgentTrust1795470240000 } from './1795470240000-agent-trust.ts';
import { AuditReporter1795470300000 } from './1795470300000-audit-reporter.ts';
import { ClosedGroups1795470360000 } from './1795470360000-closed-groups.ts';
import { Rights1795470420000 } from './1795470420000-rights.ts';
import { AgentOrders1795470480000 } from './1795470480000-agent-orders.ts';
import { ClusterResources1795470510000 } from './1795470510000-cluster-resources.ts';
import { Search1795470600000 } from './1795470600000-search.ts';
import { AuditFilters1795470660000 } from './1795470660000-audit-filters.ts';
import { PlainObjects1795471080000 } from './1795471080000-plain-objects.ts';
import { GrantSource1795471140000 } from './1795471140000-grant-source.ts';
import { InventoryVersions1795471200000 } from './1795471200000-inventory-versions.ts';
import { AuditFacts1795471500000 } from './1795471500000-audit-facts.ts';
import { CompletedHello1795471560000 } from './1795471560000-completed-hello.ts';
import { OfferedRevision1795471620000 } from './1795471620000-offered-revision.ts';
import { Sessions1795471680000 } from './1795471680000-sessions.ts';
import { Issuer1795471740000 } from './1795471740000-issuer.ts';
import { ServiceIdentities1795471800000 } from './1795471800000-service-identities.ts';
import { SignIn1795471860000 } from './1795471860000-sign-in.ts';
import { SessionTokens1795471920000 } from './1795471920000-session-tokens.ts';
import { CredentialRequests1795471980000 } from './1795471980000-credential-requests.ts';
import { Identities1795472040000 } from './1795472040000-identities.ts';
import { MembershipSources1795472100000 } from './1795472100000-membership-sources.ts';
import { LeftGroups1795472400000 } from './1795472400000-left-groups.ts';
import { ServiceTokens1795472460000 } from './1795472460000-service-tokens.ts';
import { LetInBy1795472520000 } from './1795472520000-let-in-by.ts';
import { UpstreamSessions1795472700000 } from './1795472700000-upstream-sessions.ts';
import { CeilingVersion1795472900000 } from './1795472900000-ceiling-version.ts';
import { Directories1795473100000 } from './1795473100000-directories.ts';
import { TeamSubjects1795473200000 } from './1795473200000-team-subjects.ts';
import { TeamRules1795473210000 } from './1795473210000-team-rules.ts';
import { UnmanagedAccess1795473220000 } from './1795473220000-unmanaged-access.ts';
import { HistoryByName1795473230000 } from './1795473230000-history-by-name.ts';
import { TeamMembers1795473250000 } from './1795473250000-team-members.ts';
import { GrantHours1795473300000 } from './1795473300000-grant-hours.ts';
import { GrantConditions1795473400000 } from './1795473400000-grant-conditions.ts';

/** In the order they run. A merged migration is never edited. */
export const allMigrations = [
  Policy1795470000000,
  Agents1795470060000,
  Audit1795470120000,
  Lineage1795470180000,
  AgentTrust1795470240000,
  AuditReporter1795470300000,
  ClosedGroups1795470360000,
  Rights1795470420000,
  AgentOrders1795470480000,
  ClusterResources1795470510000,
  Search1795470600000,
  AuditFilters1795470660000,
  PlainObjects1795471080000,
  GrantSource1795471140000,
  InventoryVersions1795471200000,
  AuditFacts1795471500000,
  CompletedHello1795471560000,
  OfferedRevision1795471620000,
  Sessions1795471680000,
  Issuer1795471740000,
  ServiceIdentities1795471800000,
  SignIn1795471860000,
  SessionTokens1795471920000,
  CredentialRequests1795471980000,
  Identities1795472040000,
  MembershipSources1795472100000,
  LeftGroups1795472400000,
  ServiceTokens1795472460000,
  LetInBy1795472520000,
  UpstreamSessions1795472700000,
  CeilingVersion1795472900000,
  Directories1795473100000,
  TeamSubjects1795473200000,
  TeamRules1795473210000,
  UnmanagedAccess1795473220000,
  HistoryByName1795473230000,
  TeamMembers1795473250000,
  GrantHours1795473300000,
  GrantConditions1795473400000,
];
