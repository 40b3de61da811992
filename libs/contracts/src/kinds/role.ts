import { maxRuleAtoms, policyRuleProblems, ruleAtoms } from '@ambit/rbac';
import { z } from 'zod';
import { kindContract } from './kind-contract.ts';
import { ApiVersion, Condition, listOf, ObjectMeta, objectMetaFields } from '../metadata.ts';
import { ClusterRoleName, RoleName } from '../names.ts';

const texts = (most: number) => z.array(z.string().max(253)).max(most).exactOptional();

/** One rule of Kubernetes RBAC, refused for whatever `policyRuleProblems` finds in it. */
export const PolicyRuleWrite = z
  .strictObject({
    apiGroups: texts(64),
    resources: texts(256),
    resourceNames: texts(256),
    nonResourceURLs: texts(64),
    verbs: z.array(z.string().max(63)).max(32),
  })
  .superRefine((rule, context) => {
    for (const { pointer = '', message, didYouMean } of policyRuleProblems(rule)) {
      const path = pointer.split('/').slice(1);
      context.addIssue({ code: 'custom', path: path.map(step), message, params: { didYouMean } });
    }
  });
export type PolicyRuleWrite = z.infer<typeof PolicyRuleWrite>;

const step = (text: string): string | number => (/^\d+$/.test(text) ? Number(text) : text);

/** Exactly one of `clusterRole` (an existing ClusterRole, by name) and `rules`. */
export const RoleSpecWrite = z
  .strictObject({
    description: z.string().max(1024).exactOptional(),
    clusterRole: ClusterRoleName.exactOptional(),
    rules: z
      .array(PolicyRuleWrite)
      .min(1, 'name at least one rule')
      .max(200)
      .refine((rules) => ruleAtoms(rules) <= maxRuleAtoms, {
        message: `the rules come to more than ${maxRuleAtoms} single permissions (groups × resources × names × verbs), which no cluster takes`,
      })
      .exactOptional(),
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
