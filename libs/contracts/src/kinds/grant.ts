import { instantMillis } from '@ambit/kernel';
import { z } from 'zod';
import { GrantWhen, GrantWhenWrite } from './grant-when.ts';
import { kindContract } from './kind-contract.ts';
import { ApiVersion, Condition, listOf, ObjectMeta, objectMetaFields } from '../metadata.ts';
import {
  GrantName,
  GroupName,
  RoleName,
  ServiceName,
  TeamName,
  Timestamp,
  UserName,
} from '../names.ts';
import { Scope, ScopeWrite } from '../selectors.ts';

/** `{user: NAME}`, `{group: NAME}`, `{team: NAME}` or `{service: NAME}`. */
export const GrantSubjectWrite = z
  .strictObject({
    user: UserName.exactOptional(),
    group: GroupName.exactOptional(),
    service: ServiceName.exactOptional(),
    team: TeamName.exactOptional(),
  })
  .refine((subject) => Object.keys(subject).length === 1, {
    message: 'exactly one of "user", "group", "team" and "service"',
  });
export type GrantSubjectWrite = z.infer<typeof GrantSubjectWrite>;

export const GrantSpecWrite = z
  .strictObject({
    subjects: z.array(GrantSubjectWrite).min(1, 'name at least one subject').max(1000),
    role: RoleName,
    scope: ScopeWrite,
    until: Timestamp.exactOptional(),
    notBefore: Timestamp.exactOptional(),
    when: GrantWhenWrite.exactOptional(),
    reason: z.string().max(1024).exactOptional(),
  })
  .refine(
    ({ notBefore, until }) =>
      notBefore === undefined ||
      until === undefined ||
      instantMillis(notBefore) < instantMillis(until),
    { message: 'the end has to come after the beginning', path: ['until'] },
  )
  .refine(
    ({ subjects, scope }) =>
      scope.namespaces?.owned === undefined || subjects.every(({ team }) => team !== undefined),
    {
      message: 'only teams own namespaces: every subject has to be a team',
      path: ['scope', 'namespaces', 'owned'],
    },
  );
export type GrantSpecWrite = z.infer<typeof GrantSpecWrite>;

/** Body of PUT, and a document of a policy file. A new grant whose end is past is refused with `end_in_the_past`. */
export const GrantWrite = z.strictObject({
  apiVersion: ApiVersion,
  kind: z.literal('Grant'),
  // `source` is taken and ignored, so that what `get` printed can be applied.
  metadata: z.strictObject({
    name: GrantName,
    ...objectMetaFields,
    source: z.string().exactOptional(),
  }),
  spec: GrantSpecWrite,
  status: z.unknown().optional(),
});
export type GrantWrite = z.infer<typeof GrantWrite>;

export const grantStates = ['Active', 'Scheduled', 'OutsideHours', 'Ended'] as const;

/**
 * Of the clusters that a grant reaches: `inForce` where its agent reported nothing against it, `waiting` where the agent has
 * not applied it yet or has not been heard of, `hindered` where it reported why not all of it is in force.
 */
export const GrantClusters = z.object({
  reached: z.int(),
  inForce: z.int(),
  waiting: z.int(),
  hindered: z.int(),
});
export type GrantClusters = z.infer<typeof GrantClusters>;

/**
 * `state` is computed from the clock of central at the time of the answer, `clusters` and `conditions` from what the agents
 * last reported: `InForce`, and one condition for each reason why it is not, with the clusters that say so. `source` is the way
 * in by which the grant came, as central knows it: `api`, `git`, or `request/` and the name of a request.
 */
export const Grant = z.object({
  apiVersion: ApiVersion,
  kind: z.literal('Grant'),
  metadata: ObjectMeta.extend({ source: z.string().default('api') }),
  spec: z.object({
    subjects: z.array(
      z.object({
        user: z.string().optional(),
        group: z.string().optional(),
        service: z.string().optional(),
        team: z.string().optional(),
      }),
    ),
    role: z.string(),
    scope: Scope,
    until: Timestamp.optional(),
    notBefore: Timestamp.optional(),
    when: GrantWhen.optional(),
    reason: z.string().optional(),
  }),
  status: z.object({
    state: z.enum(grantStates),
    clusters: GrantClusters.optional(),
    /** For how many people `when.match` holds on some cluster. */
    matched: z.int().optional(),
    conditions: z.array(Condition),
  }),
});
export type Grant = z.infer<typeof Grant>;

export const grantKind = kindContract({
  kind: 'Grant',
  plural: 'grants',
  write: GrantWrite,
  read: Grant,
  list: listOf('Grant', Grant),
  summary: 'Who holds which role where, until when.',
  ofTeams: 'write',
});
