import { z } from 'zod';
import { kindContract } from './kind-contract.ts';
import { ApiVersion, Condition, listOf, ObjectMeta, objectMetaFields } from '../metadata.ts';
import { ClusterRoleName, RoleName } from '../names.ts';

const texts = (most: number) => z.array(z.string().max(253)).max(most).exactOptional();

const neverGiven = new Set(['escalate', 'bind', 'impersonate', '*']);

/** One rule of Kubernetes RBAC. The verbs escalate, bind, impersonate and `*` are refused. */
export const PolicyRuleWrite = z
  .strictObject({
    apiGroups: texts(64),
    resources: texts(256),
    resourceNames: texts(256),
    nonResourceURLs: texts(64),
    verbs: z
      .array(
        z
          .string()
          .min(1)
          .max(63)
          .refine((verb) => !neverGiven.has(verb.toLowerCase()), {
            message: 'the verbs escalate, bind, impersonate and "*" can never be given',
          }),
      )
      .min(1, 'name at least one verb')
      .max(32),
  })
  .refine((rule) => (rule.resources === undefined) !== (rule.nonResourceURLs === undefined), {
    message: 'a rule has either "resources" (with "apiGroups") or "nonResourceURLs"',
  })
  .refine((rule) => rule.resources === undefined || (rule.apiGroups?.length ?? 0) > 0, {
    message: 'name the API groups; the core group is ""',
    path: ['apiGroups'],
  });
export type PolicyRuleWrite = z.infer<typeof PolicyRuleWrite>;

/** Exactly one of `clusterRole` (an existing ClusterRole, by name) and `rules`. */
export const RoleSpecWrite = z
  .strictObject({
    description: z.string().max(1024).exactOptional(),
    clusterRole: ClusterRoleName.exactOptional(),
    rules: z.array(PolicyRuleWrite).min(1, 'name at least one rule').max(200).exactOptional(),
  })
  .refine((spec) => (spec.clusterRole === undefined) !== (spec.rules === undefined), {
    message: 'a role has exactly one of "clusterRole" and "rules"',
  });
export type RoleSpecWrite = z.infer<typeof RoleSpecWrite>;

/** Body of PUT, and a document of a policy file. */
export const RoleWrite = z.strictObject({
  apiVersion: ApiVersion,
  kind: z.literal('Role'),
  metadata: z.strictObject({ name: RoleName, ...objectMetaFields }),
  spec: RoleSpecWrite,
  status: z.unknown().optional(),
});
export type RoleWrite = z.infer<typeof RoleWrite>;

const textsOut = z.array(z.string()).optional();

export const PolicyRule = z.object({
  apiGroups: textsOut,
  resources: textsOut,
  resourceNames: textsOut,
  nonResourceURLs: textsOut,
  verbs: z.array(z.string()),
});
export type PolicyRule = z.infer<typeof PolicyRule>;

/** `status.builtIn`: view, edit and admin, which exist from the start and cannot be changed or deleted. */
export const Role = z.object({
  apiVersion: ApiVersion,
  kind: z.literal('Role'),
  metadata: ObjectMeta,
  spec: z.object({
    description: z.string().optional(),
    clusterRole: z.string().optional(),
    rules: z.array(PolicyRule).optional(),
  }),
  status: z.object({ builtIn: z.boolean(), conditions: z.array(Condition) }),
});
export type Role = z.infer<typeof Role>;

export const roleKind = kindContract({
  kind: 'Role',
  plural: 'roles',
  write: RoleWrite,
  read: Role,
  list: listOf('Role', Role),
  summary: 'A name for what may be done.',
  laterFields: ['spec.extends', 'spec.namespacedOnly'],
});
