import { checkName } from '@ambit/domain';
import type { LinkableUser } from '@ambit/persistence';

/** What a provider said of a person that the rules of linking look at. */
export interface LinkClaims {
  readonly email?: string;
  /** The provider says that the address is the person's. */
  readonly emailVerified: boolean;
}

/** What a provider is trusted with. */
export interface LinkTrust {
  /** Domains whose verified addresses are names of Users. */
  readonly domains: readonly string[];
  readonly provisioning: 'Linked' | 'OnSignIn';
}

/** Whom the database knows by what was said. */
export interface LinkFacts {
  readonly linked?: { readonly user: LinkableUser; readonly unlinked: boolean };
  readonly byExternalId?: LinkableUser;
  /** `taken`: the User has an identity of this provider already. */
  readonly byName?: { readonly user: LinkableUser; readonly taken: boolean };
}

export type LinkRefusal =
  | 'unlinked'
  | 'locked'
  | 'no_email'
  | 'email_unverified'
  | 'email_refused'
  | 'foreign_domain'
  | 'taken'
  | 'unknown';

export type LinkDecision =
  | { readonly how: 'Link' | 'ExternalId' | 'Email'; readonly user: LinkableUser }
  | { readonly how: 'OnSignIn'; readonly name: string }
  | { readonly refused: LinkRefusal; readonly name?: string };

/** The name of a User that an e-mail address stands for, or why it stands for none. */
export type NameOfEmail = { readonly name: string } | { readonly refused: LinkRefusal };

/**
 * Nothing is folded but the case of ASCII letters: two addresses become one name only where they are one address. Only a
 * verified address in one of the provider's domains stands for anybody.
 */
export function nameOfEmail(
  { email, emailVerified }: LinkClaims,
  { domains }: Pick<LinkTrust, 'domains'>,
): NameOfEmail {
  if (email === undefined || email === '') return { refused: 'no_email' };
  if (!emailVerified) return { refused: 'email_unverified' };
  if (/[^\x21-\x7e]/.test(email)) return { refused: 'email_refused' };
  const name = email.toLowerCase();
  const [local, domain, ...more] = name.split('@');
  if (local === '' || domain === undefined || more.length > 0) return { refused: 'email_refused' };
  if (!domains.includes(domain)) return { refused: 'foreign_domain' };
  return checkName('User', name) === undefined ? { name } : { refused: 'email_refused' };
}

/**
 * Whose account it is, in this order: the link that exists; the User whom the provider's directory calls so; the User whose
 * name is the verified address, when no other account of the provider is linked to them; a new User, where the provider may
 * make them; else nobody. What is linked stays with its person, whatever the provider says of it later.
 */
export function linkDecision(
  claims: LinkClaims,
  trust: LinkTrust,
  { linked, byExternalId, byName }: LinkFacts,
): LinkDecision {
  if (linked !== undefined) {
    if (linked.unlinked) return { refused: 'unlinked', name: linked.user.name };
    return ifActive('Link', linked.user);
  }
  if (byExternalId !== undefined) return ifActive('ExternalId', byExternalId);
  const named = nameOfEmail(claims, trust);
  if ('refused' in named) return named;
  if (byName !== undefined) {
    if (byName.taken) return { refused: 'taken', name: named.name };
    return ifActive('Email', byName.user);
  }
  if (trust.provisioning === 'OnSignIn') return { how: 'OnSignIn', name: named.name };
  return { refused: 'unknown', name: named.name };
}

function ifActive(how: 'Link' | 'ExternalId' | 'Email', user: LinkableUser): LinkDecision {
  return user.active ? { how, user } : { refused: 'locked', name: user.name };
}
