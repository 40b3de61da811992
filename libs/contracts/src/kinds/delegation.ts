import { z } from 'zod';
import { kindContract } from './kind-contract.ts';
import { ApiVersion, Condition, listOf, ObjectMeta, objectMetaFields } from '../metadata.ts';
import { nameOf, TeamName } from '../names.ts';
import { Grant, GrantSubjectWrite } from './grant.ts';

/**
 * What people and programs may do in Ambit itself. `admin`: everything. `operator`: clusters, their agents and join tokens.
 * `auditor`: read everything, the audit trail included. `directory`: users, groups and memberships, bounded as tokens of
 * the role sync are. `team-admin`: who is in a team and approves for it, and grants to it and its members of its
 * delegable roles in the namespaces that it owns.
 */
export const delegationRoles = ['admin', 'operator', 'auditor', 'directory', 'team-admin'] as const;
export type DelegationRole = (typeof delegationRoles)[number];

/**
 * `team`: the one that is looked after. `allowDirectory`: those that sync people may change its groups, and make its users
 * active again.
 */
export const DelegationSpecWrite = z
  .strictObject({
    subjects: z.array(GrantSubjectWrite).min(1, 'name at least one subject').max(100),
    role: z.enum(delegationRoles),
    team: TeamName.exactOptional(),
    allowDirectory: z.boolean().exactOptional(),
  })
  .refine(({ role, team }) => (role === 'team-admin') === (team !== undefined), {
    message: 'the role "team-admin" names a team, and no other role does',
    path: ['team'],
  });
export type DelegationSpecWrite = z.infer<typeof DelegationSpecWrite>;

/** Body of PUT, and a document of a policy file. */
export const DelegationWrite = z.strictObject({
  apiVersion: ApiVersion,
  kind: z.literal('Delegation'),
  metadata: z.strictObject({ name: nameOf('Delegation'), ...objectMetaFields }),
  spec: DelegationSpecWrite,
  status: z.unknown().optional(),
});
export type DelegationWrite = z.infer<typeof DelegationWrite>;

/** A subject that was deleted is left out: what is made again under its name inherits nothing. */
export const Delegation = z.object({
  apiVersion: ApiVersion,
  kind: z.literal('Delegation'),
  metadata: ObjectMeta,
  spec: z.object({
    subjects: Grant.shape.spec.shape.subjects,
    role: z.enum(delegationRoles),
    team: z.string().optional(),
    allowDirectory: z.boolean().optional(),
  }),
  status: z.object({ conditions: z.array(Condition) }),
});
export type Delegation = z.infer<typeof Delegation>;

export const delegationKind = kindContract({
  kind: 'Delegation',
  plural: 'delegations',
  write: DelegationWrite,
  read: Delegation,
  list: listOf('Delegation', Delegation),
  summary: 'Who may do what in Ambit itself.',
});
