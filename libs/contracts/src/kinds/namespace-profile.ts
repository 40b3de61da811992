import { podSecurityModes, presetPolicyName, profileLabelProblem } from '@ambit/domain';
import { z } from 'zod';
import { kindContract } from './kind-contract.ts';
import {
  LimitRangeWrite,
  NetworkPolicyWrite,
  PolicyName,
  ResourceQuotaWrite,
} from './namespace-objects.ts';
import {
  ApiVersion,
  Condition,
  Labels,
  listOf,
  ObjectMeta,
  objectMetaFields,
} from '../metadata.ts';
import { ProfileName } from '../names.ts';

const PodSecurityWrite = z.strictObject({
  level: z.enum(['privileged', 'baseline', 'restricted']),
  version: z
    .string()
    .regex(/^(latest|v1\.[0-9]{1,3})$/, '"latest" or a version of Kubernetes, such as "v1.36"')
    .exactOptional(),
});

const ProfileLabels = Labels.superRefine((labels, context) => {
  for (const key of Object.keys(labels)) {
    const message = profileLabelProblem(key);
    if (message !== undefined) context.addIssue({ code: 'custom', path: [key], message });
  }
});

/** Own policies have names of their own. */
const NetworkPoliciesWrite = z.strictObject({
  preset: z.enum(['DefaultDeny', 'None']).default('DefaultDeny'),
  own: z
    .array(z.strictObject({ name: PolicyName, spec: NetworkPolicyWrite }))
    .max(20)
    .superRefine((own, context) => {
      const seen = new Set<string>([presetPolicyName]);
      for (const [index, { name }] of own.entries()) {
        if (seen.has(name)) {
          const message = `"${name}" is taken: each policy has a name of its own, and "${presetPolicyName}" is that of the preset`;
          context.addIssue({ code: 'custom', path: [index, 'name'], message });
        }
        seen.add(name);
      }
    })
    .default([]),
});

/** Most that the specs of a profile come to as JSON: they travel to each cluster in one entry. */
const mostCharacters = 32_768;

export const NamespaceProfileSpecWrite = z
  .strictObject({
    description: z.string().max(1024).exactOptional(),
    create: z.boolean().default(false),
    labels: ProfileLabels.default({}),
    podSecurity: z
      .strictObject(
        Object.fromEntries(
          podSecurityModes.map((mode) => [mode, PodSecurityWrite.exactOptional()]),
        ) as Record<(typeof podSecurityModes)[number], z.ZodExactOptional<typeof PodSecurityWrite>>,
      )
      .exactOptional(),
    resourceQuota: ResourceQuotaWrite.exactOptional(),
    limitRange: LimitRangeWrite.exactOptional(),
    networkPolicies: NetworkPoliciesWrite.prefault({}),
  })
  .refine((spec) => JSON.stringify(spec).length <= mostCharacters, {
    message: `a profile has at most ${mostCharacters} characters as JSON: it travels to every cluster`,
  });
export type NamespaceProfileSpecWrite = z.infer<typeof NamespaceProfileSpecWrite>;

/** Body of PUT, and a document of a policy file. */
export const NamespaceProfileWrite = z.strictObject({
  apiVersion: ApiVersion,
  kind: z.literal('NamespaceProfile'),
  metadata: z.strictObject({ name: ProfileName, ...objectMetaFields }),
  spec: NamespaceProfileSpecWrite.prefault({}),
  status: z.unknown().optional(),
});
export type NamespaceProfileWrite = z.infer<typeof NamespaceProfileWrite>;

const texts = z.record(z.string(), z.string());
const PodSecurity = z.object({ level: z.string(), version: z.string().optional() }).optional();

export const NamespaceProfile = z.object({
  apiVersion: ApiVersion,
  kind: z.literal('NamespaceProfile'),
  metadata: ObjectMeta,
  spec: z.object({
    description: z.string().optional(),
    create: z.boolean(),
    labels: texts,
    podSecurity: z
      .object({ enforce: PodSecurity, warn: PodSecurity, audit: PodSecurity })
      .optional(),
    resourceQuota: z.object({ hard: texts }).optional(),
    limitRange: z.object({ limits: z.array(z.record(z.string(), z.unknown())) }).optional(),
    networkPolicies: z.object({
      preset: z.string(),
      own: z.array(z.object({ name: z.string(), spec: z.record(z.string(), z.unknown()) })),
    }),
  }),
  status: z.object({ conditions: z.array(Condition) }),
});
export type NamespaceProfile = z.infer<typeof NamespaceProfile>;

export const namespaceProfileKind = kindContract({
  kind: 'NamespaceProfile',
  plural: 'namespaceprofiles',
  write: NamespaceProfileWrite,
  read: NamespaceProfile,
  list: listOf('NamespaceProfile', NamespaceProfile),
  summary:
    'What stands in the namespaces of teams: labels, Pod Security, quota, limits, network policies.',
});
