import { refusalReasons } from '@ambit/domain';
import { readInstant } from '@ambit/kernel';
import { z } from 'zod';
import { ApplyResult } from './apply.ts';
import { IntentProblem } from './cluster-status.ts';
import { GrantSubjectWrite } from './kinds/grant.ts';
import {
  ClusterName,
  NamespaceName,
  RoleName,
  ServiceName,
  Timestamp,
  UserName,
  judged,
} from './names.ts';
import { ConfirmRemovals } from './queries.ts';

/** A revision, or a moment: what was in force then is asked, by the policy as it was. */
const At = judged(
  (text) =>
    /^[1-9]\d{0,15}$/.test(text) || readInstant(text).ok
      ? undefined
      : 'a revision, such as 418, or a time, such as 2027-06-30T18:00:00Z',
  { example: '418', maxLength: 64 },
);

/** Query of questions that may be about the past. */
export const AtQuery = z.strictObject({ at: At.exactOptional() });
export type AtQuery = z.infer<typeof AtQuery>;

/**
 * Of when an answer about the past is: people, groups, teams, roles and grants are those of the revision, and grants begin and
 * end by the time. What agents tell has no history: namespaces, the rules of existing ClusterRoles, ceilings, and where a
 * membership comes from, are those of now.
 */
export const AsOf = z.object({
  revision: z.int(),
  time: Timestamp,
  facts: z.literal('now'),
});
export type AsOf = z.infer<typeof AsOf>;

const accessFields = {
  cluster: ClusterName,
  /** Absent: cluster-wide. */
  namespace: NamespaceName.exactOptional(),
  verb: z.string().min(1).max(63),
  /** Absent: the group that `resource` names or, where it names none, the one kubectl would take. The core group is "". */
  apiGroup: z.string().max(253).exactOptional(),
  /**
   * Any form that kubectl takes, resolved by what the cluster serves: plural, singular, short name or kind, with
   * `.GROUP` or `.VERSION.GROUP`, with `/SUBRESOURCE` or `/NAME`; `*`; or a path that is no resource, as `/metrics`.
   */
  resource: z.string().min(1).max(512),
  subresource: z.string().min(1).max(253).exactOptional(),
  name: z.string().min(1).max(253).exactOptional(),
};

/** One question about a person or a service identity: exactly one of `user` and `service`. */
export const AccessQuestion = z
  .strictObject({
    user: UserName.exactOptional(),
    service: ServiceName.exactOptional(),
    ...accessFields,
  })
  .refine(({ user, service }) => (user === undefined) !== (service === undefined), {
    message: 'exactly one of "user" and "service"',
  });
export type AccessQuestion = z.infer<typeof AccessQuestion>;

/** Body of POST access/check: 1 to 1000 questions, answered in their order from one revision. */
export const AccessCheck = z.strictObject({
  checks: z.array(AccessQuestion).min(1).max(1000),
  /**
   * False: an answer is whether and until when, of a no the nearest refusal, and a note where the no is not all there is
   * to know. For programs that ask much and show nothing: it takes a fraction of the time and of the bytes.
   */
  details: z.boolean().exactOptional(),
});
export type AccessCheck = z.infer<typeof AccessCheck>;

/** One way by which access exists: the grant, its role and scope (text form), and the group and the team when it comes through one. */
export const AccessPath = z.object({
  grant: z.string(),
  role: z.string(),
  scope: z.string(),
  /** Where in the cluster the grant holds, in words: `cluster-wide`, `in namespace payments`, `in every namespace`. */
  reach: z.string().optional(),
  group: z.string().optional(),
  /**
   * Where the membership in the group comes from: `local`, somebody wrote it; `claims:NAME`, a provider says it when the
   * person signs in; `scim:NAME`, its directory says it.
   */
  sources: z.array(z.string()).optional(),
  /** The team that the grant names; it names the group, or the person. */
  team: z.string().optional(),
  /** The condition of the grant. */
  match: z.string().optional(),
  until: Timestamp.optional(),
  /** The hours within which the grant holds, in words; `until` is then the end of those that run. */
  hours: z.string().optional(),
});
export type AccessPath = z.infer<typeof AccessPath>;

/** What a question was taken to ask, by what the cluster serves. */
export const AskedTarget = z.object({
  /** In kubectl's words: `deployments.apps`, `pods/log`, `nodes`, `/metrics`. */
  text: z.string(),
  /** Absent for a path. */
  apiGroup: z.string().optional(),
  resource: z.string().optional(),
  subresource: z.string().optional(),
  name: z.string().optional(),
  /** Absent when it is not known, and for wildcards. */
  namespaced: z.boolean().optional(),
  /** Where the answer holds, in words: `in namespace payments`, `in every namespace`, `cluster-wide`. */
  scope: z.string(),
  /**
   * What the meaning rests on: `served`, the cluster told that it serves it; `kubernetes`, the cluster never told, and
   * Kubernetes itself has it; `unknown`, it could not be checked. A no about what is unknown is no answer.
   */
  basis: z.enum(['served', 'kubernetes', 'unknown']),
});
export type AskedTarget = z.infer<typeof AskedTarget>;

/** Why not; `grant`, `group` and `team` name what comes near. */
export const AccessRefusal = z.object({
  reason: z.enum(refusalReasons),
  message: z.string(),
  grant: z.string().optional(),
  group: z.string().optional(),
  team: z.string().optional(),
  /** When it would begin, also by its hours, or when it ended. */
  at: Timestamp.optional(),
});
export type AccessRefusal = z.infer<typeof AccessRefusal>;

/**
 * What the answer rests on: roles and namespaces as the agent last told them. `ageSeconds` is absent when it never did;
 * existing ClusterRoles then count as allowing nothing.
 */
export const AccessEvidence = z.object({
  cluster: z.string(),
  connected: z.boolean(),
  ageSeconds: z.number().optional(),
  appliedRevision: z.int().optional(),
});
export type AccessEvidence = z.infer<typeof AccessEvidence>;

/** A binding that is not ours and that gives what was asked: nothing that Ambit does takes it away. */
export const UnmanagedWay = z.object({
  /** KIND/NAMESPACE/NAME or KIND/NAME. */
  object: z.string(),
  /** KIND/NAME of the role it gives. */
  role: z.string(),
  /** In words, as `group devs`, at most 20; of a question about somebody, the one that means them. */
  subjects: z.array(z.string()),
  moreSubjects: z.int().optional(),
  /** The people and programs of Ambit that its subjects mean, at most 20; groups only where the cluster sees our groups. */
  users: z.array(z.string()),
  /** Who says that it is theirs, as `Helm release shop/api`. */
  owner: z.string().optional(),
  /** False: what the role gives is too much to be told, so that they only may have it. */
  certain: z.boolean(),
  /** Kubernetes itself put it there. */
  system: z.boolean(),
});
export type UnmanagedWay = z.infer<typeof UnmanagedWay>;

/**
 * Whether the person may, by what Ambit grants. One of `paths` and `refusals` is filled, at most 16, the nearest to yes
 * first. A no that bindings of others make a yes has these in `unmanaged`.
 */
export const AccessAnswer = z.object({
  allowed: z.boolean(),
  paths: z.array(AccessPath),
  refusals: z.array(AccessRefusal),
  /** When the last of the paths ends; absent when one of them has no end. */
  until: Timestamp.optional(),
  /** Absent where the cluster does not serve what is asked about and another one does. */
  asked: AskedTarget.optional(),
  /** What makes the answer another than the words of the question suggest, one sentence each. */
  notes: z.array(z.string()).optional(),
  hint: z.string().optional(),
  nextCommand: z.string().optional(),
  /** Bindings that are not ours and give it all the same, at most 16. */
  unmanaged: z.array(UnmanagedWay).optional(),
});
export type AccessAnswer = z.infer<typeof AccessAnswer>;

export const AccessCheckResult = z.object({
  kind: z.literal('AccessCheckResult'),
  revision: z.int(),
  asOf: AsOf.optional(),
  evidence: z.array(AccessEvidence),
  items: z.array(AccessAnswer),
});
export type AccessCheckResult = z.infer<typeof AccessCheckResult>;

/** Query of GET access/who-can. */
export const WhoCanQuery = z.strictObject({
  ...accessFields,
  ...AtQuery.shape,
  limit: z.coerce.number().int().min(1).max(500).default(100),
  continue: z.string().max(1024).exactOptional(),
});
export type WhoCanQuery = z.infer<typeof WhoCanQuery>;

/** One person and every way, at most 16. */
export const WhoCanItem = z.object({
  /** A service identity as `service/NAME`. */
  user: z.string(),
  paths: z.array(AccessPath),
  until: Timestamp.optional(),
});
export type WhoCanItem = z.infer<typeof WhoCanItem>;

/**
 * An object that gives access which nobody wants there: put there by others under our name or with our labels, or one of ours
 * whose removal is refused. Its subjects have what was asked by it, or may have.
 */
export const UnwantedAccess = z.object({
  /** KIND/NAMESPACE/NAME or KIND/NAME. */
  object: z.string(),
  /** Why it stands, as problems of clusters say it. */
  reason: IntentProblem.shape.reason,
  /** By their names in Kubernetes, at most 20. */
  subjects: z.array(z.string()),
  moreSubjects: z.int().optional(),
  /** KIND/NAME of the role it gives; absent when it is not known. */
  role: z.string().optional(),
  /** False: what the role gives is not known, so that they only may have it. */
  certain: z.boolean(),
});
export type UnwantedAccess = z.infer<typeof UnwantedAccess>;

/**
 * Sorted by user. `standing` has what nobody granted, `unmanaged` what others bound, beside the items, whatever the page.
 */
export const WhoCanResult = z.object({
  kind: z.literal('WhoCanResult'),
  revision: z.int(),
  asOf: AsOf.optional(),
  evidence: AccessEvidence,
  asked: AskedTarget.optional(),
  /** What makes the answer another than the words of the question suggest, one sentence each. */
  notes: z.array(z.string()).optional(),
  items: z.array(WhoCanItem),
  standing: z.array(UnwantedAccess).optional(),
  /** At most 100, what Kubernetes itself binds last. */
  unmanaged: z.array(UnmanagedWay).optional(),
  /** Beyond those listed. */
  moreUnmanaged: z.int().optional(),
  /** Bindings that the agent could not tell, so that nobody knows what they give. */
  unmanagedLeftOut: z.int().optional(),
  continue: z.string().optional(),
});
export type WhoCanResult = z.infer<typeof WhoCanResult>;

/**
 * Body of POST access/revoke: takes the subject out of the direct grants that fit, in one transaction. A grant fits when
 * its role is `role` (any, when absent) and its scope lies wholly inside `scope` (anywhere, when absent; text form:
 * `prod-eu` is the whole cluster with its namespaces, `prod-eu/payments` one namespace, `prod-eu/*` all namespaces).
 * A grant left without subject is deleted. Grants that reach beyond `scope` and access through groups stay and are named in `remaining`.
 *
 * There is no opposite: to grant, PUT or apply a Grant. The CLI derives its name from subject, role and scope, so granting twice changes one grant.
 */
export const AccessRevoke = z.strictObject({
  subject: GrantSubjectWrite,
  role: RoleName.exactOptional(),
  scope: z.string().max(130).exactOptional(),
  dryRun: z.literal('All').exactOptional(),
  confirmRemovals: ConfirmRemovals.exactOptional(),
});
export type AccessRevoke = z.infer<typeof AccessRevoke>;

/** Access that stays: through a group (`group`) or a team (`team`), or through a direct grant that reaches beyond the scope given. */
export const RemainingAccess = z.object({
  grant: z.string(),
  role: z.string(),
  /** Text form of the grant's scope. */
  scope: z.string(),
  group: z.string().optional(),
  team: z.string().optional(),
  until: Timestamp.optional(),
  /** The command that would end it. */
  nextCommand: z.string(),
});
export type RemainingAccess = z.infer<typeof RemainingAccess>;

export const RevokeResult = z.object({
  ...ApplyResult.shape,
  kind: z.literal('RevokeResult'),
  remaining: z.array(RemainingAccess),
});
export type RevokeResult = z.infer<typeof RevokeResult>;
