import { readDuration } from '@ambit/kernel';
import { z } from 'zod';
import { federationProblems } from './federation-problems.ts';
import { CaData, IssuerText } from './issuer-fields.ts';
import { kindContract } from './kind-contract.ts';
import { ApiVersion, Condition, listOf, ObjectMeta, objectMetaFields } from '../metadata.ts';
import { GroupName, judged, ServiceName, UserName } from '../names.ts';

/** Who answers for it, for people to ask; it gives nobody a right. */
const OwnerWrite = z
  .strictObject({ user: UserName.exactOptional(), group: GroupName.exactOptional() })
  .refine((owner) => (owner.user === undefined) !== (owner.group === undefined), {
    message: 'exactly one of "user" and "group"',
  });

/** A text that a token has to hold as it stands. */
const exactText = judged(
  (text) => {
    if (text === '' || text.length > 512) return '1 to 512 characters';
    if (!text.includes('*')) return undefined;
    return 'claims are compared exactly, so "*" would stand for itself alone: write the whole text, one rule for each';
  },
  { minLength: 1, maxLength: 512 },
);

const claimName = /^[A-Za-z][A-Za-z0-9_.:/-]{0,127}$/;

/**
 * A token of this issuer for this audience with exactly these claims lets in. `reusable`: more than once in its life.
 * `internal`: the issuer is at a private address. `caData`: a CA of its own signed its certificate.
 */
export const FederationRuleWrite = z
  .strictObject({
    issuer: IssuerText,
    audience: exactText,
    claims: z.record(
      z
        .string()
        .regex(claimName, 'the name of a claim: letters, digits and "_", ".", ":", "/", "-"'),
      exactText,
    ),
    reusable: z.boolean().exactOptional(),
    internal: z.boolean().exactOptional(),
    caData: CaData.exactOptional(),
  })
  .superRefine((rule, context) => {
    for (const { path, message } of federationProblems(rule))
      context.addIssue({ code: 'custom', path: [path], message });
  });
export type FederationRuleWrite = z.infer<typeof FederationRuleWrite>;

const minute = 60_000;

const SessionTTL = judged(
  (text) => {
    const length = readDuration(text);
    return length !== undefined && length >= 10 * minute && length <= 720 * minute
      ? undefined
      : 'a duration from 10m to 12h';
  },
  { pattern: '^([0-9]+(h|m|s|ms))+$' },
);

/** Keys of one issuer are fetched in one way. */
function sameWay(rules: readonly FederationRuleWrite[]): boolean {
  const ways = new Map<string, string>();
  return rules.every(({ issuer, internal = false, caData = '' }) => {
    const way = JSON.stringify([internal, caData]);
    const first = ways.get(issuer) ?? way;
    ways.set(issuer, first);
    return first === way;
  });
}

export const ServiceIdentitySpecWrite = z.strictObject({
  owner: OwnerWrite.exactOptional(),
  description: z.string().max(1024).exactOptional(),
  federation: z
    .array(FederationRuleWrite)
    .max(20, 'at most 20 rules')
    .refine(sameWay, 'rules of one issuer have the same "internal" and "caData"')
    .default([]),
  maxSessionTTL: SessionTTL.default('1h'),
});
export type ServiceIdentitySpecWrite = z.infer<typeof ServiceIdentitySpecWrite>;

/** Body of PUT, and a document of a policy file. */
export const ServiceIdentityWrite = z.strictObject({
  apiVersion: ApiVersion,
  kind: z.literal('ServiceIdentity'),
  metadata: z.strictObject({ name: ServiceName, ...objectMetaFields }),
  spec: ServiceIdentitySpecWrite.prefault({}),
  status: z.unknown().optional(),
});
export type ServiceIdentityWrite = z.infer<typeof ServiceIdentityWrite>;

export const ServiceIdentity = z.object({
  apiVersion: ApiVersion,
  kind: z.literal('ServiceIdentity'),
  metadata: ObjectMeta,
  spec: z.object({
    owner: z.object({ user: z.string().optional(), group: z.string().optional() }).optional(),
    description: z.string().optional(),
    federation: z.array(
      z.object({
        issuer: z.string(),
        audience: z.string(),
        claims: z.record(z.string(), z.string()),
        reusable: z.boolean().optional(),
        internal: z.boolean().optional(),
        caData: z.string().optional(),
      }),
    ),
    maxSessionTTL: z.string(),
  }),
  status: z.object({ conditions: z.array(Condition) }),
});
export type ServiceIdentity = z.infer<typeof ServiceIdentity>;

export const serviceIdentityKind = kindContract({
  kind: 'ServiceIdentity',
  plural: 'services',
  write: ServiceIdentityWrite,
  read: ServiceIdentity,
  list: listOf('ServiceIdentity', ServiceIdentity),
  summary: 'A pipeline or program, and whose tokens let it in.',
  laterFields: ['spec.owner.team', 'spec.tokens'],
});
