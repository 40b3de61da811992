import { z } from 'zod';
import { ClusterWrite } from './cluster.ts';
import { GrantWrite } from './grant.ts';
import { GroupWrite } from './group.ts';
import { RoleWrite } from './role.ts';
import { UserWrite } from './user.ts';

/** Kinds a policy file may hold. */
export const policyKinds = ['User', 'Group', 'Role', 'Grant', 'Cluster'] as const;
export type PolicyKindName = (typeof policyKinds)[number];

/** Kinds that are designed and not built yet: named in errors as "not in this version". */
export const laterKinds = [
  'Team',
  'ServiceIdentity',
  'RequestPolicy',
  'AccessRequest',
  'Ceiling',
  'Review',
  'IdentityProvider',
  'WebhookEndpoint',
] as const;

/** Schema of each kind as it is written. */
export const policySchemas = {
  User: UserWrite,
  Group: GroupWrite,
  Role: RoleWrite,
  Grant: GrantWrite,
  Cluster: ClusterWrite,
} as const satisfies Record<PolicyKindName, z.ZodType>;

/** One object of a policy file or of POST apply. */
export const PolicyDocument = z.discriminatedUnion('kind', [
  UserWrite,
  GroupWrite,
  RoleWrite,
  GrantWrite,
  ClusterWrite,
]);
export type PolicyDocument = z.infer<typeof PolicyDocument>;

/** The same before defaults are filled in: what a client may send. */
export type PolicyDocumentInput = z.input<typeof PolicyDocument>;
