import { ownedNamespaceProblem } from '@ambit/domain';
import { z } from 'zod';
import { kindContract } from './kind-contract.ts';
import { ApiVersion, Condition, listOf, ObjectMeta, objectMetaFields } from '../metadata.ts';
import { GroupName, judged, ProfileName, RoleName, TeamName, UserName } from '../names.ts';
import { IntentProblem } from '../cluster-status.ts';
import { ClusterSelector, Scope } from '../selectors.ts';

const isSaid = (value: unknown): boolean => value !== undefined;

/** `{user: NAME}` or `{group: NAME}`. */
export const TeamApproverWrite = z
  .strictObject({ user: UserName.exactOptional(), group: GroupName.exactOptional() })
  .refine((member) => (member.user === undefined) !== (member.group === undefined), {
    message: 'exactly one of "user" and "group"',
  });
export type TeamApproverWrite = z.infer<typeof TeamApproverWrite>;

/**
 * `{user: NAME}`, `{group: NAME}`, or `{match: RULE}`: whoever an expression in CEL over `user.attributes.NAME` and `user.groups`
 * is true for. Who lacks an attribute that it reads is not matched.
 */
export const TeamMemberWrite = z
  .strictObject({
    user: UserName.exactOptional(),
    group: GroupName.exactOptional(),
    match: z.string().min(1).max(500).exactOptional(),
  })
  .refine(({ user, group, match }) => [user, group, match].filter(isSaid).length === 1, {
    message: 'exactly one of "user", "group" and "match"',
  });
export type TeamMemberWrite = z.infer<typeof TeamMemberWrite>;

/** Rules of one team. */
const mostRules = 50;

const fewRules = (members: readonly TeamMemberWrite[]): boolean => {
  const rules = members.flatMap(({ match }) => match ?? []);
  return rules.length <= mostRules && new Set(rules).size === rules.length;
};

/** The name of a namespace, or how names begin and a `*`. */
const OwnedNamespace = judged(ownedNamespaceProblem, {
  pattern: '^[a-z0-9][a-z0-9-]*\\*?$',
  maxLength: 63,
});

/** A namespace belongs to at most one team on a cluster. A grant to the team can mean those that are named (`owned: true`). */
export const OwnedNamespacesWrite = z.strictObject({
  clusters: ClusterSelector,
  namespaces: z.array(OwnedNamespace).min(1, 'name at least one namespace').max(100),
});
export type OwnedNamespacesWrite = z.infer<typeof OwnedNamespacesWrite>;

const contactWay = z.string().min(1).max(256).exactOptional();

export const TeamSpecWrite = z.strictObject({
  description: z.string().max(1024).exactOptional(),
  members: z
    .array(TeamMemberWrite)
    .max(1000)
    .refine(fewRules, `at most ${mostRules} different rules, each of them once`)
    .default([]),
  approvers: z.array(TeamApproverWrite).max(100).default([]),
  owns: z.array(OwnedNamespacesWrite).max(50).default([]),
  profile: ProfileName.exactOptional(),
  delegableRoles: z.array(RoleName).max(100).default([]),
  contact: z
    .strictObject({ email: contactWay, pagerduty: contactWay, slack: contactWay })
    .exactOptional(),
});
export type TeamSpecWrite = z.infer<typeof TeamSpecWrite>;

/** Body of PUT, and a document of a policy file. */
export const TeamWrite = z.strictObject({
  apiVersion: ApiVersion,
  kind: z.literal('Team'),
  metadata: z.strictObject({ name: TeamName, ...objectMetaFields }),
  spec: TeamSpecWrite.prefault({}),
  status: z.unknown().optional(),
});
export type TeamWrite = z.infer<typeof TeamWrite>;

const TeamApprover = z.object({ user: z.string().optional(), group: z.string().optional() });
const TeamMember = TeamApprover.extend({ match: z.string().optional() });

/** Something of the namespaces of a team that is not as its profile says. */
const UnkeptNamespace = z.object({
  cluster: z.string(),
  /** A name, or how names begin; absent: none of them is. */
  namespace: z.string().optional(),
  reason: z.enum([...IntentProblem.shape.reason.options, 'not_applied']),
  message: z.string(),
  /** KIND/NAMESPACE/NAME or KIND/NAME. */
  object: z.string().optional(),
  hint: z.string().optional(),
});

/** What was deleted is left out: what is made again under its name is no part of the team. */
export const Team = z.object({
  apiVersion: ApiVersion,
  kind: z.literal('Team'),
  metadata: ObjectMeta,
  spec: z.object({
    description: z.string().optional(),
    members: z.array(TeamMember),
    approvers: z.array(TeamApprover),
    owns: z.array(z.object({ clusters: Scope.shape.clusters, namespaces: z.array(z.string()) })),
    profile: z.string().optional(),
    delegableRoles: z.array(z.string()),
    contact: z
      .object({
        email: z.string().optional(),
        pagerduty: z.string().optional(),
        slack: z.string().optional(),
      })
      .optional(),
  }),
  status: z.object({
    /** How many people each rule matches now, in the order of the members; absent where the team has none. */
    rules: z.array(z.object({ match: z.string(), people: z.int() })).optional(),
    /** Where what the profile says is not kept, as agents last told, at most 50; absent where all of it is. */
    unkept: z.array(UnkeptNamespace).optional(),
    moreUnkept: z.int().optional(),
    conditions: z.array(Condition),
  }),
});
export type Team = z.infer<typeof Team>;

export const teamKind = kindContract({
  kind: 'Team',
  plural: 'teams',
  write: TeamWrite,
  read: Team,
  list: listOf('Team', Team),
  summary: 'People who belong together, and the namespaces that are theirs.',
  ofTeams: 'write',
});
