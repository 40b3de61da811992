import { AppError } from '@ambit/kernel';
import type { LinkRefusal } from './link-rule.ts';

interface Whose {
  readonly provider: string;
  readonly subject: string;
  /** Name of the User it would be. */
  readonly name?: string;
}

type Words = (whose: Whose & { readonly name: string }) => readonly [why: string, hint: string];

const ask = 'Ask an administrator of Ambit';

const words: Readonly<Record<LinkRefusal, Words>> = {
  unlinked: ({ name }) => [
    `This account was unlinked from User ${name}.`,
    `${ask} to let it be linked again: ambit user unlink ${name} ID --forget`,
  ],
  locked: ({ name }) => [
    `User ${name} is locked.`,
    `${ask} to unlock the User: ambit user unlock ${name}`,
  ],
  no_email: ({ provider }) => [
    `${provider} told no e-mail address, and this account is linked to no User.`,
    `${ask}; the scope email may be missing.`,
  ],
  email_unverified: ({ provider }) => [
    `${provider} does not say that the e-mail address was verified, so it may be anybody's.`,
    'Verify the address there, or ask an administrator of Ambit.',
  ],
  email_refused: () => [
    'The e-mail address cannot be the name of a User.',
    `${ask}; names consist of letters, digits, ".", "_", "@", "+" and "-".`,
  ],
  foreign_domain: ({ provider }) => [
    `The domain of the e-mail address is none that ${provider} may speak for.`,
    `${ask}; its spec.domains names those.`,
  ],
  taken: ({ name, provider }) => [
    `User ${name} signs in with another account of ${provider}.`,
    `${ask}; an account that is nobody's any more is unlinked with: ambit user unlink ${name} ID --forget`,
  ],
  unknown: ({ name }) => [
    `There is no User ${name}, and this provider does not make Users.`,
    `${ask} to make the User.`,
  ],
};

/** Why an account at a provider lets nobody in, and whom to ask. */
export function linkRefused(refusal: LinkRefusal, whose: Whose): AppError {
  const [why, hint] = words[refusal]({ name: '', ...whose });
  return identityRefused(whose.provider, why, hint, refusal);
}

/** A sign-in that the provider confirmed and Ambit refuses. */
export function identityRefused(
  provider: string,
  why: string,
  hint = `${ask}.`,
  reason = 'claims',
): AppError {
  return new AppError('identity_refused', `You cannot come in with ${provider}.`, {
    why,
    hint,
    details: { provider, reason },
  });
}
