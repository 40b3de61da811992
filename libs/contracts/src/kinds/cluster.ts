import { z } from 'zod';
import { kindContract } from './kind-contract.ts';
import { ClusterAccess, ClusterAccessWrite } from '../cluster-access.ts';
import { ClusterStatus } from '../cluster-status.ts';
import { ApiVersion, listOf, ObjectMeta, objectMetaFields } from '../metadata.ts';
import { ClusterName, Timestamp, UserPrefix } from '../names.ts';

export const defaultUserPrefix = 'ambit:';

/**
 * How people appear in the cluster: a Kubernetes user name is `userPrefix` + the user's name. In mode Groups bindings name
 * groups, which our tokens carry: who joins and who leaves changes nothing in the cluster.
 */
export const ClusterSubjects = z.strictObject({
  mode: z.enum(['Users', 'Groups']).default('Users'),
  userPrefix: UserPrefix.default(defaultUserPrefix),
});
export type ClusterSubjects = z.infer<typeof ClusterSubjects>;

export const ClusterSpecWrite = z
  .strictObject({
    subjects: ClusterSubjects.prefault({}),
    access: ClusterAccessWrite.exactOptional(),
  })
  .check(({ value: { subjects, access }, issues }) => {
    if (subjects.mode === 'Users' || access?.credential === 'Token') return;
    issues.push({
      code: 'custom',
      input: subjects.mode,
      path: ['subjects', 'mode'],
      message: 'Groups needs spec.access.credential: Token, because only our tokens name groups',
    });
  });
export type ClusterSpecWrite = z.infer<typeof ClusterSpecWrite>;

/** Body of PUT, and a document of a policy file. */
export const ClusterWrite = z.strictObject({
  apiVersion: ApiVersion,
  kind: z.literal('Cluster'),
  metadata: z.strictObject({ name: ClusterName, ...objectMetaFields }),
  spec: ClusterSpecWrite.prefault({}),
  status: z.unknown().optional(),
});
export type ClusterWrite = z.infer<typeof ClusterWrite>;

export const Cluster = z.object({
  apiVersion: ApiVersion,
  kind: z.literal('Cluster'),
  metadata: ObjectMeta,
  spec: z.object({
    subjects: z.object({ mode: z.string(), userPrefix: z.string() }),
    access: ClusterAccess.optional(),
  }),
  status: ClusterStatus,
});
export type Cluster = z.infer<typeof Cluster>;

export const clusterKind = kindContract({
  kind: 'Cluster',
  plural: 'clusters',
  write: ClusterWrite,
  read: Cluster,
  list: listOf('Cluster', Cluster),
  summary: 'A Kubernetes cluster with an agent of ours.',
  laterFields: ['spec.credential', 'spec.audit', 'spec.namespaceSelector', 'spec.adoption'],
});

/** Body of POST remove. `force` does not wait for the agent: the objects in the cluster stay. */
export const ClusterRemove = z.strictObject({ force: z.boolean().default(false) });
export type ClusterRemove = z.infer<typeof ClusterRemove>;

/**
 * `removing`: the empty state is on its way, or waits for the agent to come back. `removed`: the agent proved that
 * nothing of ours is left and its certificate is revoked, or the cluster never had an agent. `forced`: removed here, its objects stay.
 */
export const ClusterRemoval = z.object({
  kind: z.literal('ClusterRemoval'),
  cluster: z.string(),
  state: z.enum(['removing', 'removed', 'forced']),
  revision: z.int(),
  connected: z.boolean(),
  message: z.string(),
});
export type ClusterRemoval = z.infer<typeof ClusterRemoval>;

/** `released`: removals that were held when the agent was told. */
export const RemovalsReleased = z.object({
  kind: z.literal('RemovalsReleased'),
  cluster: z.string(),
  released: z.int(),
  message: z.string(),
});
export type RemovalsReleased = z.infer<typeof RemovalsReleased>;

/** `released`: gains that were held when the agent was told. */
export const GainsReleased = z.object({
  kind: z.literal('GainsReleased'),
  cluster: z.string(),
  released: z.int(),
  message: z.string(),
});
export type GainsReleased = z.infer<typeof GainsReleased>;

/** Body of POST revoke-agent. */
export const AgentRevoke = z.strictObject({ reason: z.string().max(1024).exactOptional() });
export type AgentRevoke = z.infer<typeof AgentRevoke>;

/** uids of the agents whose certificates are refused from now on; streams are cut within two seconds. */
export const AgentRevocation = z.object({
  kind: z.literal('AgentRevocation'),
  cluster: z.string(),
  agents: z.array(z.string()),
});
export type AgentRevocation = z.infer<typeof AgentRevocation>;

/** One identity that was given to an agent of a cluster. */
export const Agent = z.object({
  uid: z.string(),
  state: z.enum(['enrolled', 'live', 'revoked', 'expired']),
  enrolledAt: Timestamp,
  certificateNotAfter: Timestamp,
  certificateFingerprint: z.string(),
  version: z.string().optional(),
  lastHelloAt: Timestamp.optional(),
  revokedAt: Timestamp.optional(),
  revokedReason: z.string().optional(),
});
export type Agent = z.infer<typeof Agent>;

export const AgentList = listOf('Agent', Agent);
export type AgentList = z.infer<typeof AgentList>;
