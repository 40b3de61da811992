import { z } from 'zod';
import { listOf } from './metadata.ts';
import { ClusterName, Timestamp } from './names.ts';

/** A cluster in which the caller holds something now. */
export const OwnCluster = z.object({
  name: z.string(),
  uid: z.string(),
  /** What a kubeconfig points to; absent while nobody wrote it down. */
  server: z.string().optional(),
  /** Base64 of PEM certificates; absent where the server is publicly trusted. */
  caData: z.string().optional(),
  credential: z.string(),
  roles: z.array(z.string()),
  /** `*`: all of them. */
  namespaces: z.array(z.string()),
  /** The caller's name there. */
  user: z.string(),
  state: z.enum(['AwaitingAgent', 'Connected', 'Offline']),
});
export type OwnCluster = z.infer<typeof OwnCluster>;

export const OwnClusterList = listOf('OwnCluster', OwnCluster);
export type OwnClusterList = z.infer<typeof OwnClusterList>;

/** Body of POST credentials. */
export const CredentialRequest = z.strictObject({
  cluster: ClusterName,
  /**
   * Where client certificates are given: a PKCS #10 request of a P-256 key in base64 of DER, whose one common name is the caller's
   * name there. Without it such a cluster answers 412 with that name in `details.name`.
   */
  csr: z.base64().max(1024).optional(),
});
export type CredentialRequest = z.infer<typeof CredentialRequest>;

/** What the API server of one cluster takes for a short while. */
export const Credential = z.object({
  kind: z.literal('Credential'),
  cluster: z.string(),
  server: z.string().optional(),
  caData: z.string().optional(),
  /** Where tokens are given. */
  token: z.string().optional(),
  /** Where client certificates are given: the certificate and what leads from it to its issuer, PEM. */
  certificate: z.string().optional(),
  expiresAt: Timestamp,
  /** The caller's name there. */
  user: z.string(),
});
export type Credential = z.infer<typeof Credential>;
