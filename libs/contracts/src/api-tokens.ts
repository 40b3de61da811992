import { z } from 'zod';
import { listOf } from './metadata.ts';
import { TokenName, Timestamp } from './names.ts';
import { tokenRoles } from './permissions.ts';

/** Body of POST tokens. Without `ttlSeconds` the token lasts 90 days; at most 365. */
export const ApiTokenCreate = z.strictObject({
  name: TokenName,
  role: z.enum(tokenRoles),
  ttlSeconds: z.int().min(60).max(31_536_000).default(7_776_000),
});
export type ApiTokenCreate = z.infer<typeof ApiTokenCreate>;

/** An API token without its secret. */
export const ApiToken = z.object({
  id: z.string(),
  name: z.string(),
  role: z.enum(tokenRoles),
  state: z.enum(['active', 'expired', 'revoked']),
  createdAt: Timestamp,
  expiresAt: Timestamp.optional(),
  lastUsedAt: Timestamp.optional(),
  revokedAt: Timestamp.optional(),
});
export type ApiToken = z.infer<typeof ApiToken>;

export const ApiTokenList = listOf('ApiToken', ApiToken);
export type ApiTokenList = z.infer<typeof ApiTokenList>;

/** The one answer that holds the token. */
export const ApiTokenCreated = z.object({
  kind: z.literal('ApiTokenCreated'),
  token: z.string(),
  apiToken: ApiToken,
});
export type ApiTokenCreated = z.infer<typeof ApiTokenCreated>;
