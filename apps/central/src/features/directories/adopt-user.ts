import type { Transaction, UserRecord } from '@ambit/persistence';
import { refuseTakeover } from '../policy/public.ts';
import type { HeldDirectory } from './commit-directory.ts';
import { notUnique } from './directory-refusals.ts';
import type { NamedUser } from './said-user.ts';

/**
 * The User of this name, whom the directory may mean; null when there is none. As in signing in a name stands for a person in
 * the domains of the provider alone, and for nobody whose account there is another. Throws `already_exists`, `group_closed`.
 */
export async function adoptable(
  tx: Transaction,
  directory: HeldDirectory,
  { name, externalId = '' }: NamedUser,
): Promise<UserRecord | null> {
  const user = await tx.users.find(name);
  if (user === null) return null;
  const refuse = (why: string): never => {
    throw notUnique(`There is a User ${name} already.`, why);
  };
  if (!directory.domains.includes(name.split('@')[1] ?? ''))
    refuse(`It is in no domain of ${directory.name}, so it stays whose it is.`);
  if ((await tx.directories.findUser(directory.uid, user.uid)) !== undefined)
    refuse(`${directory.name} knows it by another userName.`);
  const linked = await tx.identities.find(directory.issuer, externalId);
  const provider = { providerUid: directory.uid, issuer: directory.issuer };
  if (linked?.user.uid !== user.uid && (await tx.identities.has(user.uid, provider)))
    refuse(
      `It signs in with another account of ${directory.name} than the one of this externalId.`,
    );
  await refuseTakeover(tx, user, 'take over');
  return user;
}
