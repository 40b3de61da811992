import type { z } from 'zod';
import * as access from './access-schemas.ts';
import * as tokens from './api-tokens.ts';
import * as apply from './apply.ts';
import * as audit from './audit.ts';
import * as clusters from './kinds/cluster.ts';
import * as credentials from './credentials.ts';
import * as directories from './directories.ts';
import * as exchange from './exchange.ts';
import * as groups from './kinds/group.ts';
import { objectSchemas, writeSchemas } from './kinds/kind-schemas.ts';
import * as identities from './identities.ts';
import * as joins from './join-tokens.ts';
import { Problem } from './problem.ts';
import { ProviderTest } from './provider-tests.ts';
import * as queries from './queries.ts';
import * as revisions from './revisions.ts';
import * as serviceTokens from './service-tokens.ts';
import * as sessions from './sessions.ts';
import * as system from './system.ts';

/** Bodies that callers send, by name. */
export const requestSchemas = {
  ...writeSchemas,
  GroupMembersReplace: groups.GroupMembersReplace,
  GroupMembersChange: groups.GroupMembersChange,
  ClusterRemove: clusters.ClusterRemove,
  AgentRevoke: clusters.AgentRevoke,
  JoinTokenCreate: joins.JoinTokenCreate,
  ApplyRequest: apply.ApplyRequest,
  AccessCheck: access.AccessCheck,
  AccessRevoke: access.AccessRevoke,
  ApiTokenCreate: tokens.ApiTokenCreate,
  CredentialRequest: credentials.CredentialRequest,
  AuthExchange: exchange.AuthExchange,
  ServiceTokenCreate: serviceTokens.ServiceTokenCreate,
} as const satisfies Record<string, z.ZodType>;
export type RequestSchemaName = keyof typeof requestSchemas;

/** Query strings, by name. */
export const querySchemas = {
  ListQuery: queries.ListQuery,
  PageQuery: queries.PageQuery,
  WriteQuery: queries.WriteQuery,
  NoQuery: queries.NoQuery,
  RevisionStatusQuery: revisions.RevisionStatusQuery,
  AtQuery: access.AtQuery,
  WhoCanQuery: access.WhoCanQuery,
  EffectiveQuery: access.EffectiveQuery,
  ExplainQuery: access.ExplainQuery,
  AuditQuery: audit.AuditQuery,
  UnlinkQuery: identities.UnlinkQuery,
  UnmanagedQuery: access.UnmanagedQuery,
} as const satisfies Record<string, z.ZodType>;
export type QuerySchemaName = keyof typeof querySchemas;

/** Bodies that central answers, by name. */
export const responseSchemas = {
  ...objectSchemas,
  GroupMemberList: groups.GroupMemberList,
  UserGroupList: groups.UserGroupList,
  ClusterRemoval: clusters.ClusterRemoval,
  RemovalsReleased: clusters.RemovalsReleased,
  GainsReleased: clusters.GainsReleased,
  AgentRevocation: clusters.AgentRevocation,
  AgentList: clusters.AgentList,
  UnmanagedBindingList: access.UnmanagedBindingList,
  JoinTokenCreated: joins.JoinTokenCreated,
  JoinTokenList: joins.JoinTokenList,
  ApplyResult: apply.ApplyResult,
  RevisionStatus: revisions.RevisionStatus,
  ProviderTest,
  Directory: directories.Directory,
  DirectoryList: directories.DirectoryList,
  AccessCheckResult: access.AccessCheckResult,
  WhoCanResult: access.WhoCanResult,
  EffectiveAccess: access.EffectiveAccess,
  AccessExplanation: access.AccessExplanation,
  RevokeResult: access.RevokeResult,
  AuditEventList: audit.AuditEventList,
  ApiTokenCreated: tokens.ApiTokenCreated,
  ApiToken: tokens.ApiToken,
  ApiTokenList: tokens.ApiTokenList,
  SessionStarted: exchange.SessionStarted,
  ServiceToken: serviceTokens.ServiceToken,
  ServiceTokenList: serviceTokens.ServiceTokenList,
  ServiceTokenCreated: serviceTokens.ServiceTokenCreated,
  Session: sessions.Session,
  SessionList: sessions.SessionList,
  Identity: identities.Identity,
  IdentityList: identities.IdentityList,
  OwnClusterList: credentials.OwnClusterList,
  Credential: credentials.Credential,
  JoinToken: joins.JoinToken,
  Me: system.Me,
  SystemInfo: system.SystemInfo,
  Problem,
} as const satisfies Record<string, z.ZodType>;
export type ResponseSchemaName = keyof typeof responseSchemas;
