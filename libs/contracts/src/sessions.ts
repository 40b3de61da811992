import { z } from 'zod';
import { listOf } from './metadata.ts';
import { Timestamp } from './names.ts';

/** A person or a program that came in, without the secret that stands for it. */
export const Session = z.object({
  id: z.string(),
  /** `user/NAME` or `service/NAME`. */
  principal: z.string(),
  /** The way in, such as the issuer of the token it was exchanged for. */
  signedInBy: z.string(),
  address: z.string(),
  state: z.enum(['active', 'expired', 'ended']),
  createdAt: Timestamp,
  expiresAt: Timestamp,
  lastUsedAt: Timestamp.optional(),
  endedAt: Timestamp.optional(),
  endedBecause: z.string().optional(),
});
export type Session = z.infer<typeof Session>;

export const SessionList = listOf('Session', Session);
export type SessionList = z.infer<typeof SessionList>;
