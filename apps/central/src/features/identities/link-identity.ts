import { claimsOfProvider } from '@ambit/contracts';
import { defined, isAppError } from '@ambit/kernel';
import type { IdentityLinkedBy, LinkableUser, Transaction } from '@ambit/persistence';
import { auditUser } from '../people/public.ts';
import { objectOf } from '../policy/public.ts';
import { linkRefused } from './identity-refused.ts';
import { linkDecision, nameOfEmail } from './link-rule.ts';
import type { LinkClaims, LinkFacts } from './link-rule.ts';
import type { StoredProvider } from './provider-spec.ts';
import type { LinkedHow, UpstreamSignIn } from './upstream-sign-in.ts';

/** Whose account it is from now on. */
export interface LinkedPerson {
  readonly person: { readonly uid: string; readonly name: string };
  readonly identity: string;
  readonly how: LinkedHow;
}

/** Whose account a sign-in is by the rules of linking, as a part of a transaction. Throws `identity_refused`. */
export async function linkIdentity(
  tx: Transaction,
  signIn: UpstreamSignIn,
  provider: StoredProvider,
): Promise<LinkedPerson> {
  const { issuer, subject } = signIn;
  const known = await tx.identities.find(issuer, subject);
  const claims = linkClaims(signIn, provider);
  const facts =
    known === undefined
      ? await factsOf(tx, signIn, provider)
      : { linked: { user: known.user, unlinked: known.unlinkedAt !== undefined } };
  const decision = linkDecision(claims, provider.spec, facts);
  const whose = { provider: provider.name, subject };
  if ('refused' in decision) {
    const { refused, name } = decision;
    throw linkRefused(refused, name === undefined ? whose : { ...whose, name });
  }
  const { how } = decision;
  if (how === 'Link') {
    const { uid = '', user } = known ?? { user: decision.user };
    await tx.identities.see(uid, provider.uid);
    return { person: user, identity: uid, how };
  }
  const person =
    how === 'OnSignIn' ? await madeUser(tx, decision.name, { signIn, provider }) : decision.user;
  return { person, how, identity: await link(tx, person, { signIn, provider, how }) };
}

/** For who reads the trail: by what somebody came to be this User. */
const ruleOf: Readonly<Record<IdentityLinkedBy, string>> = {
  ExternalId: 'whom the directory of the provider calls so',
  Email: 'whose name is its verified e-mail address',
  OnSignIn: 'who was made for it',
};

interface Coming {
  readonly signIn: UpstreamSignIn;
  readonly provider: StoredProvider;
}

async function link(
  tx: Transaction,
  { uid, name }: { readonly uid: string; readonly name: string },
  { signIn, provider, how }: Coming & { readonly how: IdentityLinkedBy },
): Promise<string> {
  const { issuer, subject } = signIn;
  const identity = { issuer, subject, providerUid: provider.uid, userUid: uid, linkedBy: how };
  const identityUid = await tx.identities.link(identity);
  tx.audit.record({
    type: 'identity.linked',
    message: `An account of ${provider.name} was linked to User ${name}, ${ruleOf[how]}`,
    object: objectOf('User', { name, uid }),
    subjects: [name],
    details: { identity: identityUid, provider: provider.name, issuer, subject, linkedBy: how },
  });
  return identityUid;
}

/** Rows that the rules look at stay locked: whoever else would link the same person waits. */
async function factsOf(
  tx: Transaction,
  signIn: UpstreamSignIn,
  provider: StoredProvider,
): Promise<LinkFacts> {
  const { externalId } = claimsOfProvider(provider.spec);
  const called =
    textOf(signIn.claims, externalId) ?? (externalId === 'sub' ? signIn.subject : undefined);
  const byExternalId =
    called === undefined ? undefined : await tx.identities.ofExternalId(provider.uid, called);
  const named = nameOfEmail(linkClaims(signIn, provider), provider.spec);
  const user = 'name' in named ? await tx.users.find(named.name) : null;
  const at = { providerUid: provider.uid, issuer: signIn.issuer };
  return defined({
    byExternalId,
    byName: user === null ? undefined : { user, taken: await tx.identities.has(user.uid, at) },
  });
}

function linkClaims({ claims }: UpstreamSignIn, { spec }: StoredProvider): LinkClaims {
  const names = claimsOfProvider(spec);
  return {
    ...defined({ email: textOf(claims, names.email) }),
    emailVerified:
      Object.hasOwn(claims, names.emailVerified) && claims[names.emailVerified] === true,
  };
}

/** The claim, when it is a text of a length that names have. */
function textOf(claims: UpstreamSignIn['claims'], name: string): string | undefined {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
  return typeof value === 'string' && value.length <= 512 ? value : undefined;
}

async function madeUser(
  tx: Transaction,
  name: string,
  { signIn, provider }: Coming,
): Promise<LinkableUser> {
  const called = textOf(signIn.claims, claimsOfProvider(provider.spec).name);
  const displayName =
    called !== undefined && called.length <= 256 && !/[\p{Cc}\p{Cf}]/u.test(called)
      ? { displayName: called }
      : {};
  try {
    const user = { name, labels: {}, active: true, ...displayName };
    const put = await tx.users.put({ ...user, precondition: 'absent' });
    auditUser(tx, put);
    return put.record;
  } catch (error) {
    // Somebody else with this address was first.
    if (!isAppError(error, 'already_exists') && !isAppError(error, 'stale_resource')) throw error;
    throw linkRefused('taken', { provider: provider.name, subject: signIn.subject, name });
  }
}
