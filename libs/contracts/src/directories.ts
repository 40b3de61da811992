import { z } from 'zod';
import { listOf } from './metadata.ts';
import { Timestamp } from './names.ts';

/** How the directory of a provider does. `stopped`: it would have taken too much away, and takes nothing away until it is resumed. */
export const Directory = z.object({
  /** Name of the IdentityProvider. */
  provider: z.string(),
  state: z.enum(['running', 'stopped']),
  users: z.int(),
  activeUsers: z.int(),
  groups: z.int(),
  memberships: z.int(),
  lastCallAt: Timestamp.optional(),
  lastErrorAt: Timestamp.optional(),
  lastError: z.string().optional(),
  stoppedAt: Timestamp.optional(),
  stoppedBecause: z.string().optional(),
  /** Until then nothing stops it. */
  resumedUntil: Timestamp.optional(),
});
export type Directory = z.infer<typeof Directory>;

export const DirectoryList = listOf('Directory', Directory);
export type DirectoryList = z.infer<typeof DirectoryList>;
