import { z } from 'zod';
import { Timestamp } from './names.ts';

const PreviewedGroup = z.object({
  group: z.string(),
  /** Places of the rules that give it, from 0. */
  rules: z.array(z.number()),
  /** Why it is not given all the same. */
  refused: z.string().optional(),
});

const PreviewedAccess = z.object({
  grant: z.string(),
  role: z.string(),
  /** Through which group; absent for a grant that names the person. */
  group: z.string().optional(),
  /** The team that the grant names, which names the group or the person. */
  team: z.string().optional(),
});

/** What a sign-in would do. */
const SignInPreview = z.object({
  issuer: z.string(),
  subject: z.string(),
  /** As the provider made them. */
  claims: z.record(z.string(), z.unknown()),
  /** Groups that the claims name by an id, where the directory of the provider says which ones these are; at most 100. */
  namedById: z
    .array(z.object({ id: z.string(), displayName: z.string(), group: z.string() }))
    .optional(),
  /** Whom it is or would become; absent when it would be refused. */
  person: z
    .object({
      name: z.string(),
      how: z.enum(['Link', 'ExternalId', 'Email', 'OnSignIn']),
      isNew: z.boolean(),
    })
    .optional(),
  refusal: z
    .object({ message: z.string(), why: z.string().optional(), hint: z.string().optional() })
    .optional(),
  groups: z.array(PreviewedGroup),
  joins: z.array(z.string()),
  leaves: z.array(z.string()),
  access: z.array(PreviewedAccess),
  notes: z.array(z.string()),
});

/** A sign-in at a provider that changes nothing, from the link that begins it to what it would have done. */
export const ProviderTest = z.object({
  kind: z.literal('ProviderTest'),
  id: z.string(),
  provider: z.string(),
  /** Where a browser begins it; shown once. */
  url: z.string().optional(),
  state: z.enum(['Waiting', 'Done', 'Failed']),
  expiresAt: Timestamp,
  /** Why the provider let nobody in. */
  why: z.string().optional(),
  preview: SignInPreview.optional(),
});
export type ProviderTest = z.infer<typeof ProviderTest>;
