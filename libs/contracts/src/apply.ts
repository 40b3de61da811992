import { z } from 'zod';
import { PolicyDocument, policyKindNames } from './kinds/policy-kinds.ts';
import { ConfirmRemovals } from './queries.ts';

/** Most objects of one call. */
export const mostObjects = 10_000;

/**
 * Body of POST apply: a set of objects, validated whole, then stored in one transaction as one revision, or not at all.
 * Order does not matter; references may point into the set. Objects that are not in it stay as they are.
 * At most 10,000 objects in 16 MiB. `details=All` answers with every cluster and every name, however many.
 */
export const ApplyRequest = z.strictObject({
  objects: z.array(PolicyDocument).min(1, 'send at least one object').max(mostObjects),
  dryRun: z.literal('All').exactOptional(),
  confirmRemovals: ConfirmRemovals.exactOptional(),
  details: z.literal('All').exactOptional(),
});
export type ApplyRequest = z.infer<typeof ApplyRequest>;

/**
 * What a change does to one cluster. A binding is a (role, scope, person) triple; `gain` and `lose` name people with a
 * binding more or less than before, sorted, at most 100 each, and fewer where many clusters are touched; the totals count all.
 */
export const ClusterEffect = z.object({
  name: z.string(),
  connected: z.boolean(),
  bindingsAdded: z.int(),
  bindingsRemoved: z.int(),
  gain: z.array(z.string()),
  gainTotal: z.int(),
  lose: z.array(z.string()),
  loseTotal: z.int(),
  /** In a dry run: RBAC objects that the agent would write, by what it last reported; absent when not worked out. */
  objects: z.object({ added: z.int(), changed: z.int(), removed: z.int() }).optional(),
});
export type ClusterEffect = z.infer<typeof ClusterEffect>;

/** One measure that the removal guard found exceeded: bindings of a cluster, of the fleet, or people left without access. */
export const RemovalExcess = z.object({
  measure: z.enum(['cluster', 'fleet', 'people']),
  cluster: z.string().optional(),
  removed: z.int(),
  before: z.int(),
});
export type RemovalExcess = z.infer<typeof RemovalExcess>;

/**
 * Set in a dry run of a change that takes away more than 25 % and more than 20 of something. Without the digest the change
 * itself answers `confirmation_required` with the digest in `details.digest`.
 */
export const RemovalGuardReport = z.object({
  /** Pass it as `confirmRemovals` to go ahead with exactly this. */
  digest: z.string(),
  excess: z.array(RemovalExcess),
});
export type RemovalGuardReport = z.infer<typeof RemovalGuardReport>;

export const applyActions = ['created', 'configured', 'unchanged', 'deleted'] as const;
export type ApplyAction = (typeof applyActions)[number];

/** What became of one object; `document` counts the objects of the request from 0 and is absent for what followed from them. */
export const ObjectResult = z.object({
  document: z.int().optional(),
  kind: z.enum(policyKindNames),
  name: z.string(),
  uid: z.string().optional(),
  action: z.enum(applyActions),
  resourceVersion: z.string().optional(),
});
export type ObjectResult = z.infer<typeof ObjectResult>;

/**
 * Answer to every change that is not a plain PUT. `revision` is the one the change made; when nothing changed or with
 * `dryRun` it is the one the answer was computed at. `clusters` names the clusters that get a manifest of it: all of them,
 * or, of more than 200, those where most changes; `clustersTotal`, `bindingsAdded` and `bindingsRemoved` count over all
 * (a central of an older version names all clusters and has no totals).
 */
export const ApplyResult = z.object({
  kind: z.literal('ApplyResult'),
  dryRun: z.boolean(),
  changed: z.boolean(),
  revision: z.int(),
  objects: z.array(ObjectResult),
  clusters: z.array(ClusterEffect),
  clustersTotal: z.int().optional(),
  bindingsAdded: z.int().optional(),
  bindingsRemoved: z.int().optional(),
  removalGuard: RemovalGuardReport.optional(),
  /** What will not be as it may look, one sentence each, at most 20. */
  warnings: z.array(z.string()).optional(),
});
export type ApplyResult = z.infer<typeof ApplyResult>;
