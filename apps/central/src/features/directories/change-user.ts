import { isDeepStrictEqual } from 'node:util';
import { defined, notFound } from '@ambit/kernel';
import type { DirectoryUser, Transaction } from '@ambit/persistence';
import { adoptable } from './adopt-user.ts';
import { activeAfter, applyUser, refuseMove } from './apply-user.ts';
import type { HeldDirectory } from './commit-directory.ts';
import { notUnique } from './directory-refusals.ts';
import { lastSaid, namedUser } from './said-user.ts';
import type { NamedUser, SaidUser } from './said-user.ts';

/** Makes the person, or lets the directory speak for one who is there. Throws `already_exists`, `group_closed`, `invalid_request`. */
export async function createUser(
  tx: Transaction,
  directory: HeldDirectory,
  person: SaidUser,
): Promise<DirectoryUser> {
  const said = namedUser(person);
  await refuseRival(tx, directory, said);
  const user = await adoptable(tx, directory, said);
  return applyUser(tx, { directory, said, user });
}

/** What says nothing new writes nothing. Throws what `createUser` throws. */
export async function changeUser(
  tx: Transaction,
  directory: HeldDirectory,
  { before, person }: { readonly before: DirectoryUser; readonly person: SaidUser },
): Promise<DirectoryUser> {
  const said = namedUser(person, lastSaid(before));
  if (!saysNew(before, said)) return before;
  await refuseRival(tx, directory, said, before.uid);
  await refuseMove(tx, before, said);
  const user = await tx.users.find(before.name);
  if (user === null) throw notFound('User', before.uid);
  return applyUser(tx, { directory, said, user, before });
}

/** What is said is not what was said last, or not what is. */
export function saysNew(before: DirectoryUser, said: NamedUser): boolean {
  if (activeAfter(said.active, before, before) !== before.active) return true;
  return !isDeepStrictEqual(said, namedUser(lastSaid(before)));
}

async function refuseRival(
  tx: Transaction,
  { uid, name }: HeldDirectory,
  { userName, externalId }: NamedUser,
  except?: string,
): Promise<void> {
  const names = { name: userName, ...defined({ externalId, except }) };
  const rival = await tx.directories.findRival('User', uid, names);
  if (rival === undefined) return;
  throw notUnique(
    rival.sameName
      ? `${name} has a person with the userName ${userName} already.`
      : `${name} has a person with this externalId already.`,
    `It is the User with the id ${rival.uid}.`,
  );
}
