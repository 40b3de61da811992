import { z } from 'zod';
import { IntentProblem } from './cluster-status.ts';
import { Timestamp } from './names.ts';

const waitPattern = /^([0-9]|[12][0-9]|30)s$/;

/**
 * Query of GET revisions/{revision}/status. `wait` (0s to 30s) holds the answer back until every connected cluster of it
 * is done or the time is over. `clusters` is a comma-separated list, at most 200 names; without it the answer covers the clusters
 * the revision touched as far as this replica remembers, and `known` says whether it does.
 */
export const RevisionStatusQuery = z.strictObject({
  wait: z.string().regex(waitPattern, 'a number of seconds from 0s to 30s').default('0s'),
  clusters: z.string().max(13_000).exactOptional(),
});
export type RevisionStatusQuery = z.infer<typeof RevisionStatusQuery>;

/**
 * How far one cluster is. `done`: its agent reported APPLIED for this revision or a later one. `inForce`: done, and nothing
 * keeps this revision from being in force there; false too where that is not known, because its agent has more problems than
 * it lists. `problems` are those of what this revision changed, all that are listed when central does not remember it;
 * `otherProblems` counts the rest of those listed, `moreProblems` those beyond the list.
 */
export const ClusterProgress = z.object({
  name: z.string(),
  connected: z.boolean(),
  acceptedRevision: z.int().optional(),
  appliedRevision: z.int().optional(),
  done: z.boolean(),
  inForce: z.boolean(),
  lastSeenAt: Timestamp.optional(),
  problems: z.array(IntentProblem),
  otherProblems: z.int(),
  moreProblems: z.int(),
});
export type ClusterProgress = z.infer<typeof ClusterProgress>;

/** `done`: every connected cluster of the list is done; false where it is not `known` which they are. */
export const RevisionStatus = z.object({
  kind: z.literal('RevisionStatus'),
  revision: z.int(),
  known: z.boolean(),
  done: z.boolean(),
  clusters: z.array(ClusterProgress),
});
export type RevisionStatus = z.infer<typeof RevisionStatus>;
