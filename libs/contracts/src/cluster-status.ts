import { z } from 'zod';
import { Condition } from './metadata.ts';
import { Timestamp } from './names.ts';

/** Why one intent is not in force; reasons as the agent gives them. */
export const IntentProblem = z.object({
  key: z.string(),
  reason: z.enum([
    'ceiling_refused',
    'not_yet_active',
    'namespace_missing',
    'role_missing',
    'foreign_object',
    'kubernetes_refused',
    'held',
    'retrying',
    'contended',
    'not_understood',
    // One of a later version of the agent: the message says which.
    'other',
  ]),
  message: z.string(),
  namespace: z.string().optional(),
  /** KIND/NAMESPACE/NAME or KIND/NAME of the object that is not as it should be. */
  object: z.string().optional(),
  /** `lacks`: access that is wanted is not there. `excess`: access stands that nobody wants any more. */
  effect: z.enum(['lacks', 'excess']).optional(),
  /** Whose access it is, by their names in Kubernetes, at most 20. */
  subjects: z.array(z.string()).optional(),
  moreSubjects: z.int().optional(),
  /** Field managers that last changed the object. */
  changedBy: z.string().optional(),
  /** KIND/NAME of the role that the object gives to whom it should not. */
  binds: z.string().optional(),
  /** Names of the grants behind the intent, at most 16. */
  grants: z.array(z.string()).optional(),
});
export type IntentProblem = z.infer<typeof IntentProblem>;

/** The effective ceiling of a cluster, as its agent reported it. */
export const CeilingReport = z.object({
  digest: z.string(),
  allowedClusterRoles: z.array(z.string()),
  customRoles: z.object({
    rules: z.array(
      z.object({
        apiGroups: z.array(z.string()).optional(),
        resources: z.array(z.string()).optional(),
        resourceNames: z.array(z.string()).optional(),
        nonResourceURLs: z.array(z.string()).optional(),
        verbs: z.array(z.string()),
      }),
    ),
  }),
  clusterScope: z.boolean(),
  protectedNamespaces: z.array(z.string()),
  subjectPrefixes: z.array(z.string()),
  removalGuard: z.object({ share: z.number(), moreThan: z.number() }),
  breakGlass: z.array(z.string()),
  credentials: z.array(z.string()).optional(),
  namespaces: z
    .object({
      manage: z.array(z.string()),
      labels: z.array(z.string()),
      weakestPodSecurity: z.string(),
    })
    .optional(),
});
export type CeilingReport = z.infer<typeof CeilingReport>;

/**
 * `AwaitingAgent`: no agent ever enrolled. `Connected`, `Offline`: as the stream is. `Removing`: being emptied.
 * Whatever is not known yet is absent, never zero.
 */
export const clusterPhases = ['AwaitingAgent', 'Connected', 'Offline', 'Removing'] as const;

export const ClusterStatus = z.object({
  phase: z.enum(clusterPhases),
  connected: z.boolean(),
  /** When central last heard of the agent, and how many seconds before this answer that was. */
  lastSeenAt: Timestamp.optional(),
  lastSeenAgeSeconds: z.number().optional(),
  session: z
    .object({ epoch: z.int(), replica: z.string(), since: Timestamp.optional() })
    .optional(),
  agent: z
    .object({
      version: z.string().optional(),
      kubernetesVersion: z.string().optional(),
      certificateNotAfter: z.string().optional(),
    })
    .optional(),
  kubeSystemUid: z.string().optional(),
  /** Revision of the last change that touched this cluster. */
  desiredRevision: z.int().optional(),
  acceptedRevision: z.int().optional(),
  appliedRevision: z.int().optional(),
  /** Objects of ours in the cluster, and how often drift was repaired. */
  objects: z.int().optional(),
  driftRepairs: z.int().optional(),
  heldRemovals: z.int().optional(),
  /** What a raised epoch would give anew; waits for release-gains. */
  heldGains: z.int().optional(),
  problems: z.array(IntentProblem),
  /** Problems beyond those listed. */
  moreProblems: z.int(),
  ceiling: CeilingReport.optional(),
  conditions: z.array(Condition),
});
export type ClusterStatus = z.infer<typeof ClusterStatus>;
