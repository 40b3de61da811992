import { z } from 'zod';
import { listOf } from './metadata.ts';
import { Timestamp } from './names.ts';

/** Body of POST join-tokens. Good once, for 60 s to 24 h, by default 10 minutes. */
export const JoinTokenCreate = z.strictObject({
  ttlSeconds: z.int().min(60).max(86_400).default(600),
});
export type JoinTokenCreate = z.infer<typeof JoinTokenCreate>;

/** The one answer that holds the token. `agentAddress` is the HOST:PORT agents reach central at. */
export const JoinTokenCreated = z.object({
  kind: z.literal('JoinTokenCreated'),
  id: z.string(),
  cluster: z.string(),
  token: z.string(),
  agentAddress: z.string(),
  createdAt: Timestamp,
  expiresAt: Timestamp,
});
export type JoinTokenCreated = z.infer<typeof JoinTokenCreated>;

/** A join token without its secret. */
export const JoinToken = z.object({
  id: z.string(),
  cluster: z.string(),
  state: z.enum(['unused', 'used', 'expired', 'revoked']),
  createdBy: z.string(),
  createdAt: Timestamp,
  expiresAt: Timestamp,
  usedAt: Timestamp.optional(),
});
export type JoinToken = z.infer<typeof JoinToken>;

export const JoinTokenList = listOf('JoinToken', JoinToken);
export type JoinTokenList = z.infer<typeof JoinTokenList>;
