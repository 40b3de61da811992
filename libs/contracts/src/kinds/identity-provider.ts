import { dnsLabelProblem, nameLengths } from '@ambit/kernel';
import { z } from 'zod';
import { claimRuleProblem, providerProblems } from './identity-provider-problems.ts';
import { providerPresetNames } from './identity-provider-presets.ts';
import { CaData, IssuerText } from './issuer-fields.ts';
import { kindContract } from './kind-contract.ts';
import { ApiVersion, Condition, listOf, ObjectMeta, objectMetaFields } from '../metadata.ts';
import { GroupName, judged, nameOf, ServiceName } from '../names.ts';

const plainText = (longest: number) =>
  z
    .string()
    .min(1, 'a text')
    .max(longest, `at most ${longest} characters`)
    .regex(/^[^\p{Cc}\p{Cf}]*$/u, 'no line breaks and no characters that cannot be seen');

/**
 * Where central finds the secret; never the secret itself. Only variables that begin with `IDP_` and files in the folder
 * for such secrets can be named, so that who writes policy cannot have other secrets of central sent to a provider.
 */
const ClientSecretReference = z
  .strictObject({
    env: z
      .string()
      .regex(/^IDP_[A-Z0-9_]{1,60}$/, 'a variable of central whose name begins with IDP_')
      .exactOptional(),
    file: z
      .string()
      .regex(
        /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/,
        'the name of a file in the folder of central for such secrets, without a path',
      )
      .exactOptional(),
  })
  .refine((secret) => (secret.env === undefined) !== (secret.file === undefined), {
    message: 'exactly one of "env" and "file"',
  });

const isDomain = (text: string): boolean =>
  text.length <= nameLengths.dnsSubdomain &&
  text.includes('.') &&
  text.split('.').every((label) => dnsLabelProblem(label) === undefined);

const Domain = judged(
  (text) =>
    isDomain(text)
      ? undefined
      : 'a domain as it follows the @ of an e-mail address, in lower case, such as acme.io',
  { maxLength: nameLengths.dnsSubdomain },
);

const ClaimName = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9_.:/-]{0,127}$/,
    'the name of a claim: letters, digits and "_", ".", ":", "/", "-"',
  );

const Expression = plainText(1024);

/**
 * How what a provider says of a person becomes memberships. Exactly one of: `value`, a group of the provider, by its whole
 * text; `when`, an expression (CEL) that is true for members; `each`, an expression that gives a list of texts, each the name
 * of a group once `prefix` is put before it, and only those of `only` when that is given.
 */
export const ClaimRuleWrite = z
  .strictObject({
    value: plainText(1024).exactOptional(),
    when: Expression.exactOptional(),
    group: GroupName.exactOptional(),
    each: Expression.exactOptional(),
    prefix: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'lower-case letters, digits and "-", at most 40')
      .exactOptional(),
    only: z.array(GroupName).min(1, 'name at least one group').max(500).exactOptional(),
  })
  .superRefine((rule, context) => {
    const message = claimRuleProblem(rule);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });
export type ClaimRuleWrite = z.infer<typeof ClaimRuleWrite>;

const ClaimNames = z.strictObject({
  email: ClaimName.exactOptional(),
  emailVerified: ClaimName.exactOptional(),
  name: ClaimName.exactOptional(),
  externalId: ClaimName.exactOptional(),
  groups: ClaimName.exactOptional(),
});

const Scope = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/, 'a scope, without spaces');

/**
 * A provider of the company with which people sign in. `title` stands on the button. `domains`: a verified e-mail address in
 * one of them is the name of a User. `provisioning: OnSignIn` makes the User at the first sign-in. `internal`: the provider is at a
 * private address. `caData`: a CA of its own signed its certificate. `entra.overage`: what happens when a person is in more groups
 * than a token of Entra can name: they are read from Graph, or the sign-in is refused. `directory`: the ServiceIdentity by whose
 * tokens the provider sends its people and groups.
 */
export const IdentityProviderSpecWrite = z
  .strictObject({
    preset: z.enum(providerPresetNames),
    title: plainText(64).exactOptional(),
    issuer: IssuerText,
    clientId: plainText(256),
    clientSecret: ClientSecretReference,
    scopes: z.array(Scope).min(1).max(20).exactOptional(),
    domains: z.array(Domain).max(100).default([]),
    provisioning: z.enum(['Linked', 'OnSignIn']).default('Linked'),
    claims: ClaimNames.exactOptional(),
    groups: z.array(ClaimRuleWrite).max(500, 'at most 500 rules').default([]),
    internal: z.boolean().exactOptional(),
    caData: CaData.exactOptional(),
    entra: z.strictObject({ overage: z.enum(['Refuse', 'Graph']) }).exactOptional(),
    directory: z.strictObject({ service: ServiceName }).exactOptional(),
  })
  .superRefine((spec, context) => {
    for (const { path, message } of providerProblems(spec))
      context.addIssue({ code: 'custom', path: [path], message });
  });
export type IdentityProviderSpecWrite = z.infer<typeof IdentityProviderSpecWrite>;

/** Body of PUT, and a document of a policy file. */
export const IdentityProviderWrite = z.strictObject({
  apiVersion: ApiVersion,
  kind: z.literal('IdentityProvider'),
  metadata: z.strictObject({ name: nameOf('IdentityProvider'), ...objectMetaFields }),
  spec: IdentityProviderSpecWrite,
  status: z.unknown().optional(),
});
export type IdentityProviderWrite = z.infer<typeof IdentityProviderWrite>;

const textOut = z.string().optional();

export const IdentityProvider = z.object({
  apiVersion: ApiVersion,
  kind: z.literal('IdentityProvider'),
  metadata: ObjectMeta,
  spec: z.object({
    preset: z.enum(providerPresetNames),
    title: textOut,
    issuer: z.string(),
    clientId: z.string(),
    clientSecret: z.object({ env: textOut, file: textOut }),
    scopes: z.array(z.string()).optional(),
    domains: z.array(z.string()),
    provisioning: z.enum(['Linked', 'OnSignIn']),
    claims: z
      .object({
        email: textOut,
        emailVerified: textOut,
        name: textOut,
        externalId: textOut,
        groups: textOut,
      })
      .optional(),
    groups: z.array(
      z.object({
        value: textOut,
        when: textOut,
        group: textOut,
        each: textOut,
        prefix: textOut,
        only: z.array(z.string()).optional(),
      }),
    ),
    internal: z.boolean().optional(),
    caData: textOut,
    entra: z.object({ overage: z.enum(['Refuse', 'Graph']) }).optional(),
    directory: z.object({ service: z.string() }).optional(),
  }),
  status: z.object({ conditions: z.array(Condition) }),
});
export type IdentityProvider = z.infer<typeof IdentityProvider>;

export const identityProviderKind = kindContract({
  kind: 'IdentityProvider',
  plural: 'identityproviders',
  write: IdentityProviderWrite,
  read: IdentityProvider,
  list: listOf('IdentityProvider', IdentityProvider),
  summary: 'A provider of the company with which people sign in.',
});
