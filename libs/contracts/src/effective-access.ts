import { refusalReasons } from '@ambit/domain';
import { z } from 'zod';
import {
  AccessEvidence,
  AccessPath,
  AccessRefusal,
  AsOf,
  AtQuery,
  UnmanagedWay,
} from './access.ts';
import { ServiceName, TeamName, Timestamp, UserName } from './names.ts';

/** `prod-eu`, anywhere in the cluster, `prod-eu/payments` or `prod-eu/*`. */
const ScopeOfQuestion = z.string().max(130);

/**
 * Query of GET access/effective: at most one of `user`, `service`, `team` and `scope`; without one the caller. Who may not
 * read the access of others has the own.
 */
export const EffectiveQuery = z.strictObject({
  user: UserName.exactOptional(),
  service: ServiceName.exactOptional(),
  team: TeamName.exactOptional(),
  scope: ScopeOfQuestion.exactOptional(),
  /** Only access without an end. */
  standing: z.literal('true').exactOptional(),
  ...AtQuery.shape,
  limit: z.coerce.number().int().min(1).max(500).default(100),
  continue: z.string().max(1024).exactOptional(),
});
export type EffectiveQuery = z.infer<typeof EffectiveQuery>;

/**
 * `in_force`: the cluster has it, as far as its agent told. `unknown`: the cluster was removed since, so that what it would
 * have refused is not known. Any other: why it gives nothing.
 */
export const AccessState = z.enum(['in_force', 'unknown', ...refusalReasons]);
export type AccessState = z.infer<typeof AccessState>;

const stateFields = {
  state: AccessState,
  /** Why it is not in force. */
  message: z.string().optional(),
  /** When it begins, for a grant that has not begun or is outside its hours. */
  notBefore: Timestamp.optional(),
};

/** A role that somebody, or a team, has in a cluster by one way. */
export const AccessRow = z.object({
  ...AccessPath.shape,
  ...stateFields,
  /** A service identity as `service/NAME`; of a question about a team the team, as `team/NAME`. */
  user: z.string(),
  cluster: z.string(),
  /** What the role lets its holder do to take more power than it says; absent where its rules are not known. */
  risks: z.array(z.string()).optional(),
});
export type AccessRow = z.infer<typeof AccessRow>;

/** Somebody in a team, once for each way into it. */
export const TeamPerson = z.object({
  user: z.string(),
  /** Absent: the team names the person. */
  group: z.string().optional(),
  sources: AccessPath.shape.sources,
});
export type TeamPerson = z.infer<typeof TeamPerson>;

/** Namespaces that a team owns in a cluster, as it names them. */
export const TeamNamespaces = z.object({ cluster: z.string(), namespaces: z.array(z.string()) });
export type TeamNamespaces = z.infer<typeof TeamNamespaces>;

/**
 * What somebody holds, or what holds in a place. Of a person the rows are in the order of clusters, of a place in that of
 * people; of a team `people` are paged, and its grants and namespaces, at most 500 rows each, stand on the first page.
 */
export const EffectiveAccess = z.object({
  kind: z.literal('EffectiveAccess'),
  revision: z.int(),
  asOf: AsOf.optional(),
  evidence: z.array(AccessEvidence),
  items: z.array(AccessRow),
  people: z.array(TeamPerson).optional(),
  owns: z.array(TeamNamespaces).optional(),
  /** What makes the answer less than whole, one sentence each. */
  notes: z.array(z.string()).optional(),
  continue: z.string().optional(),
});
export type EffectiveAccess = z.infer<typeof EffectiveAccess>;

/** Query of GET access/explain: one of `user` and `service`; without one the caller. */
export const ExplainQuery = z.strictObject({
  user: UserName.exactOptional(),
  service: ServiceName.exactOptional(),
  scope: ScopeOfQuestion,
  ...AtQuery.shape,
});
export type ExplainQuery = z.infer<typeof ExplainQuery>;

/** One way of somebody to a role in a place: from the group by the team and the grant to the objects in the cluster. */
export const WayToRole = z.object({
  ...AccessPath.shape,
  ...stateFields,
  /** By which name the objects bind. */
  subject: z.string(),
  /** KIND/NAMESPACE/NAME or KIND/NAME as the agent makes them, at most 20; absent in answers about the past. */
  objects: z.array(z.string()).optional(),
  moreObjects: z.int().optional(),
  /** Whether the agent has made them so; absent in answers about the past, and for what is not to be made. */
  applied: z.boolean().optional(),
  /** Why the agent could not, in its words. */
  problem: z.string().optional(),
});
export type WayToRole = z.infer<typeof WayToRole>;

/** Why somebody has access in a place by what Ambit grants, or has not. `ways` are at most 100, those in force first. */
export const AccessExplanation = z.object({
  kind: z.literal('AccessExplanation'),
  revision: z.int(),
  asOf: AsOf.optional(),
  evidence: AccessEvidence,
  user: z.string(),
  cluster: z.string(),
  /** Absent: anywhere in the cluster. */
  namespace: z.string().optional(),
  allowed: z.boolean(),
  ways: z.array(WayToRole),
  moreWays: z.int().optional(),
  /** Why not, at most 16, the nearest to yes first; empty when something is in force. */
  refusals: z.array(AccessRefusal),
  /** Bindings that are not ours and give something there, at most 16; what Kubernetes gives to everybody is not among them. */
  unmanaged: z.array(UnmanagedWay).optional(),
  notes: z.array(z.string()).optional(),
  hint: z.string().optional(),
  nextCommand: z.string().optional(),
});
export type AccessExplanation = z.infer<typeof AccessExplanation>;
