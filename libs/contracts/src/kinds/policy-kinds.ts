import { z } from 'zod';
import { clusterKind } from './cluster.ts';
import { delegationKind } from './delegation.ts';
import { grantKind } from './grant.ts';
import { groupKind } from './group.ts';
import { identityProviderKind } from './identity-provider.ts';
import { namespaceProfileKind } from './namespace-profile.ts';
import { roleKind } from './role.ts';
import { serviceIdentityKind } from './service-identity.ts';
import { teamKind } from './team.ts';
import { userKind } from './user.ts';

/** The registry: routes, schemas, permissions, policy files and the OpenAPI description follow from this list. */
export const policyKinds = [
  userKind,
  groupKind,
  serviceIdentityKind,
  roleKind,
  grantKind,
  clusterKind,
  delegationKind,
  identityProviderKind,
  namespaceProfileKind,
  teamKind,
] as const;

type PolicyKinds = typeof policyKinds;
export type PolicyKindName = PolicyKinds[number]['kind'];
/** The contract of one kind. */
export type PolicyKindOf<N extends PolicyKindName> = Extract<
  PolicyKinds[number],
  { readonly kind: N }
>;

type EachKind<T, F extends string> = { -readonly [I in keyof T]: T[I][F & keyof T[I]] };
const eachKind = <F extends keyof PolicyKinds[number]>(field: F): EachKind<PolicyKinds, F> =>
  policyKinds.map((kind) => kind[field]) as EachKind<PolicyKinds, F>;

/** Kinds a policy file may hold. */
export const policyKindNames = eachKind('kind');

/** Kinds that are designed and not built yet: named in errors as "not in this version". */
export const laterKinds = [
  'RequestPolicy',
  'AccessRequest',
  'Ceiling',
  'Review',
  'WebhookEndpoint',
] as const;

/** The contract of a kind; undefined for what is none. */
export function findPolicyKind(kind: unknown): PolicyKinds[number] | undefined {
  return policyKinds.find((each) => each.kind === kind);
}

/** One object of a policy file or of POST apply. */
export const PolicyDocument = z.discriminatedUnion('kind', eachKind('write'));
export type PolicyDocument = z.infer<typeof PolicyDocument>;

/** The same before defaults are filled in: what a client may send. */
export type PolicyDocumentInput = z.input<typeof PolicyDocument>;

/** One object as central answers it. */
export type PolicyResource = z.infer<PolicyKinds[number]['read']>;
