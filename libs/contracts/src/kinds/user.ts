import { z } from 'zod';
import { kindContract } from './kind-contract.ts';
import { ApiVersion, Condition, listOf, ObjectMeta, objectMetaFields } from '../metadata.ts';
import { UserName } from '../names.ts';

/** `active: false` ends all access at once and keeps the person's grants. */
export const UserSpecWrite = z.strictObject({
  displayName: z.string().max(256).exactOptional(),
  active: z.boolean().default(true),
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
  }),
  status: z.object({
    /** Names of the groups, sorted. */
    groups: z.array(z.string()),
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
