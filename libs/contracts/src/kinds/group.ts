import { z } from 'zod';
import { kindContract } from './kind-contract.ts';
import { ApiVersion, Condition, listOf, ObjectMeta, objectMetaFields } from '../metadata.ts';
import { GroupName, Timestamp, Uid, UserName } from '../names.ts';

const Members = z.array(UserName).max(20_000, 'at most 20000 members in one document');

/** Roles of tokens a group can be closed to. */
export const closableRoles = ['sync'] as const;

/**
 * Without `members` the memberships stay as they are; an empty list removes all that were written. Those that a provider gives
 * are the provider's. `closedTo: [sync]` keeps tokens of
 * that role from changing the group, an empty list lets them; without it it stays as it is, and at first is closed when
 * a grant gives the group a role with which one can take more power.
 */
export const GroupSpecWrite = z.strictObject({
  displayName: z.string().max(256).exactOptional(),
  members: Members.exactOptional(),
  closedTo: z.array(z.enum(closableRoles)).max(1, 'at most one role').exactOptional(),
});
export type GroupSpecWrite = z.infer<typeof GroupSpecWrite>;

/** Body of PUT, and a document of a policy file. */
export const GroupWrite = z.strictObject({
  apiVersion: ApiVersion,
  kind: z.literal('Group'),
  metadata: z.strictObject({ name: GroupName, ...objectMetaFields }),
  spec: GroupSpecWrite.prefault({}),
  status: z.unknown().optional(),
});
export type GroupWrite = z.infer<typeof GroupWrite>;

/** Members whom one source gives a group, sorted. */
const GivenMembership = z.object({ source: z.string(), members: z.array(z.string()) });

/**
 * `spec.members` is always whole and sorted, so that a printed group can be applied again without loss: those whom somebody
 * wrote into it. `status.given`: those whom a provider puts into it, such as `claims:corp`. Who is either is a member.
 */
export const Group = z.object({
  apiVersion: ApiVersion,
  kind: z.literal('Group'),
  metadata: ObjectMeta,
  spec: z.object({
    displayName: z.string().optional(),
    members: z.array(z.string()),
    closedTo: z.array(z.string()).optional(),
  }),
  status: z.object({
    memberCount: z.int(),
    given: z.array(GivenMembership).optional(),
    conditions: z.array(Condition),
  }),
});
export type Group = z.infer<typeof Group>;

export const groupKind = kindContract({
  kind: 'Group',
  plural: 'groups',
  write: GroupWrite,
  read: Group,
  list: listOf('Group', Group),
  summary: 'People who hold grants together.',
  ofTeams: 'read',
  laterFields: ['spec.source', 'spec.externalId', 'spec.claimValue'],
  synced: true,
});

export const GroupMember = z.object({ user: z.string(), uid: Uid, since: Timestamp.optional() });
export type GroupMember = z.infer<typeof GroupMember>;

export const GroupMemberList = listOf('GroupMember', GroupMember);
export type GroupMemberList = z.infer<typeof GroupMemberList>;

/** A group of somebody, and where the membership comes from: `local`, `claims:NAME`, `scim:NAME` or `rule:EXPRESSION`. */
export const UserGroup = z.object({ group: z.string(), uid: Uid, sources: z.array(z.string()) });
export type UserGroup = z.infer<typeof UserGroup>;

export const UserGroupList = listOf('UserGroup', UserGroup);
export type UserGroupList = z.infer<typeof UserGroupList>;

/** Body of PUT members: the whole new list. */
export const GroupMembersReplace = z.strictObject({ members: Members });
export type GroupMembersReplace = z.infer<typeof GroupMembersReplace>;

/** Body of POST members: who comes and who goes. A name in both lists is an error. */
export const GroupMembersChange = z
  .strictObject({ add: Members.default([]), remove: Members.default([]) })
  .refine(({ add, remove }) => add.length + remove.length > 0, 'name somebody in "add" or "remove"')
  .refine(({ add, remove }) => {
    const going = new Set(remove);
    return !add.some((name) => going.has(name));
  }, 'a name stands in "add" and in "remove"');
export type GroupMembersChange = z.infer<typeof GroupMembersChange>;
