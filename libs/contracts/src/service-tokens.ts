import { z } from 'zod';
import { listOf } from './metadata.ts';
import { Timestamp, TokenName } from './names.ts';

/** Body of POST tokens of a service identity. Its end has to be said; a year is the most. */
export const ServiceTokenCreate = z.strictObject({
  name: TokenName,
  ttlSeconds: z.int().min(60).max(31_536_000),
});
export type ServiceTokenCreate = z.infer<typeof ServiceTokenCreate>;

/** A token by which a program is a service identity, without its secret. */
export const ServiceToken = z.object({
  /** Of the session that it is. */
  id: z.string(),
  name: z.string(),
  service: z.string(),
  state: z.enum(['active', 'expired', 'ended']),
  createdAt: Timestamp,
  expiresAt: Timestamp,
  lastUsedAt: Timestamp.optional(),
  endedAt: Timestamp.optional(),
});
export type ServiceToken = z.infer<typeof ServiceToken>;

export const ServiceTokenList = listOf('ServiceToken', ServiceToken);
export type ServiceTokenList = z.infer<typeof ServiceTokenList>;

/** The one answer that holds the token. */
export const ServiceTokenCreated = z.object({
  kind: z.literal('ServiceTokenCreated'),
  token: z.string(),
  serviceToken: ServiceToken,
});
export type ServiceTokenCreated = z.infer<typeof ServiceTokenCreated>;
