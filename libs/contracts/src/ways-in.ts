import { z } from 'zod';
import { listOf } from './metadata.ts';
import { ClusterName, nameOf, Timestamp, Uid } from './names.ts';

/** What a runner's own token may hold at most; those of GitHub and GitLab have about two thousand characters. */
const longestToken = 16 * 1024;

/** A runner's OIDC token, to be exchanged for a session of the service that its rules let in. */
export const AuthExchange = z.strictObject({
  service: nameOf('Token'),
  token: z.string().min(1).max(longestToken),
});
export type AuthExchange = z.infer<typeof AuthExchange>;

/** A session that was begun just now, with its secret, which is shown this once. */
export const SessionStarted = z.object({
  kind: z.literal('SessionStarted'),
  token: z.string(),
  session: z.object({ id: z.string(), expiresAt: Timestamp }),
  /** `service/NAME` or `user/NAME`. */
  actor: z.string(),
});
export type SessionStarted = z.infer<typeof SessionStarted>;

/** A cluster where the caller has access now. */
export const OwnCluster = z.object({
  name: ClusterName,
  uid: Uid,
  /** Where its API server is reached, and the CA of that as base64 of PEM. */
  server: z.string().optional(),
  caData: z.string().optional(),
  credential: z.enum(['Token', 'None']),
  roles: z.array(z.string()),
  /** `*` stands for all. */
  namespaces: z.array(z.string()),
  /** How the caller is called in the cluster. */
  user: z.string(),
  state: z.string(),
});
export type OwnCluster = z.infer<typeof OwnCluster>;

export const OwnClusterList = listOf('OwnCluster', OwnCluster);
export type OwnClusterList = z.infer<typeof OwnClusterList>;

export const CredentialRequest = z.strictObject({ cluster: ClusterName });
export type CredentialRequest = z.infer<typeof CredentialRequest>;

/** What an API server lets the caller in with, for some minutes. */
export const Credential = z.object({
  kind: z.literal('Credential'),
  cluster: ClusterName,
  server: z.string().optional(),
  caData: z.string().optional(),
  token: z.string(),
  expiresAt: Timestamp,
  user: z.string(),
});
export type Credential = z.infer<typeof Credential>;
