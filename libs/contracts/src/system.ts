import { z } from 'zod';
import { permissions, tokenRoles } from './permissions.ts';
import { Timestamp } from './names.ts';

/** Who the caller is and what it may do. */
export const Me = z.object({
  kind: z.literal('Me'),
  /** `token/NAME`, `user/NAME` or `service/NAME`. */
  actor: z.string(),
  permissions: z.array(z.enum(permissions)),
  /** Teams that a Delegation of the role team-admin lets the caller look after. */
  teams: z.array(z.string()).optional(),
  /** Of an API token. */
  role: z.enum(tokenRoles).optional(),
  tokenId: z.string().optional(),
  tokenExpiresAt: Timestamp.optional(),
  /** Of a person or a program that came in. */
  session: z.object({ id: z.string(), expiresAt: Timestamp }).optional(),
});
export type Me = z.infer<typeof Me>;

/** What runs here and its limits. */
export const SystemInfo = z.object({
  kind: z.literal('SystemInfo'),
  version: z.string(),
  installationUid: z.string(),
  revision: z.int(),
  stateEpoch: z.int(),
  startedAt: Timestamp,
  /** Present while no change is taken: who holds a state that the restored database does not know. */
  stateAhead: z
    .array(
      z.object({
        holder: z.string(),
        heldEpoch: z.int(),
        heldRevision: z.int(),
        stateEpoch: z.int(),
        revision: z.int(),
        provedAt: Timestamp,
      }),
    )
    .optional(),
  /** Where agents reach central: HOST:PORT. */
  agentAddress: z.string(),
  /** Where browsers and API servers reach central; an older central does not say. */
  publicUrl: z.string().optional(),
  /** `applyBodyBytes` holds for POST apply alone; an older central has `bodyBytes` there too. */
  limits: z.object({
    bodyBytes: z.int(),
    applyBodyBytes: z.int().optional(),
    jsonDepth: z.int(),
    pageSize: z.int(),
  }),
});
export type SystemInfo = z.infer<typeof SystemInfo>;
