import { z } from 'zod';
import { kindContract } from './kind-contract.ts';
import { ApiVersion, Condition, listOf, ObjectMeta, objectMetaFields } from '../metadata.ts';
import { UserName } from '../names.ts';

/** How much may be known of a person. */
export const attributeLimits = { attributes: 32, name: 63, text: 256, entries: 50 };

const AttributeName = z
  .string()
  .regex(/^[a-zA-Z][a-zA-Z0-9_]{0,62}$/, 'letters, digits and "_", a letter first, at most 63');
const AttributeText = z.string().max(attributeLimits.text);
const AttributeValue = z.union([
  AttributeText,
  z.boolean(),
  z.number(),
  z.array(AttributeText).max(attributeLimits.entries),
]);

/** What is known of a person beside the name. Rules look at it. */
export const UserAttributes = z
  .record(AttributeName, AttributeValue)
  .refine(
    (attributes) => Object.keys(attributes).length <= attributeLimits.attributes,
    `at most ${attributeLimits.attributes} attributes`,
  );

/** `active: false` ends all access at once and keeps the person's grants. */
export const UserSpecWrite = z.strictObject({
  displayName: z.string().max(256).exactOptional(),
  active: z.boolean().default(true),
  /** Those that somebody writes. Absent: stay as they are. */
  attributes: UserAttributes.exactOptional(),
});
export type UserSpecWrite = z.infer<typeof UserSpecWrite>;

/** Body of PUT, and a document of a policy file. `status` is taken and ignored. */
export const UserWrite = z.strictObject({
  apiVersion: ApiVersion,
  kind: z.literal('User'),
  metadata: z.strictObject({ name: UserName, ...objectMetaFields }),
  spec: UserSpecWrite.prefault({}),
  status: z.unknown().optional(),
});
export type UserWrite = z.infer<typeof UserWrite>;

export const User = z.object({
  apiVersion: ApiVersion,
  kind: z.literal('User'),
  metadata: ObjectMeta,
  spec: z.object({
    displayName: z.string().optional(),
    active: z.boolean(),
    /** Those that somebody wrote; absent when there are none. */
    attributes: z.record(z.string(), AttributeValue).optional(),
  }),
  status: z.object({
    /** Names of the groups, sorted. */
    groups: z.array(z.string()),
    /** What rules see: what is written, before what sources say, of whom the first by name counts. */
    attributes: z.record(z.string(), AttributeValue).optional(),
    /** Who says attributes beside those that are written. */
    given: z
      .array(z.object({ source: z.string(), attributes: z.record(z.string(), AttributeValue) }))
      .optional(),
    conditions: z.array(Condition),
  }),
});
export type User = z.infer<typeof User>;

export const userKind = kindContract({
  kind: 'User',
  plural: 'users',
  write: UserWrite,
  read: User,
  list: listOf('User', User),
  summary: 'A person, by the name Kubernetes sees after the prefix.',
  ofTeams: 'read',
  laterFields: ['spec.source', 'spec.externalId'],
  synced: true,
});
