import { z } from 'zod';
import { listOf } from './metadata.ts';
import { Timestamp, Uid } from './names.ts';

/** An account of a person at a provider. */
export const Identity = z.object({
  id: Uid,
  user: z.string(),
  /** Name of the IdentityProvider; absent once it was deleted. */
  provider: z.string().optional(),
  issuer: z.string(),
  subject: z.string(),
  /** `linked` lets the person in. `orphaned`: its provider was deleted. */
  state: z.enum(['linked', 'unlinked', 'orphaned']),
  linkedBy: z.enum(['ExternalId', 'Email', 'OnSignIn']),
  linkedAt: Timestamp,
  lastSeenAt: Timestamp,
  unlinkedAt: Timestamp.optional(),
});
export type Identity = z.infer<typeof Identity>;

export const IdentityList = listOf('Identity', Identity);
export type IdentityList = z.infer<typeof IdentityList>;

/** `forget=true`: not even that it was linked is kept, so that the rules of linking apply to it anew. */
export const UnlinkQuery = z.strictObject({ forget: z.enum(['true', 'false']).default('false') });
export type UnlinkQuery = z.infer<typeof UnlinkQuery>;
