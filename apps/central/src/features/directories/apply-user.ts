import { defined } from '@ambit/kernel';
import type { DirectoryUser, Transaction, UserRecord } from '@ambit/persistence';
import { auditUser } from '../people/public.ts';
import { objectOf, refuseTakeover } from '../policy/public.ts';
import { endSessionsOf } from '../sessions/public.ts';
import type { HeldDirectory } from './commit-directory.ts';
import { sourceOf } from './directory-caller.ts';
import { displayNameOf } from './directory-names.ts';
import { notUnique } from './directory-refusals.ts';
import { personAttributes } from './person-attributes.ts';
import type { NamedUser } from './said-user.ts';

interface Applied {
  readonly directory: HeldDirectory;
  readonly said: NamedUser;
  /** Null: there is none yet. */
  readonly user: UserRecord | null;
  /** Absent: the directory did not know the person. */
  readonly before?: DirectoryUser;
}

/** Another account at the provider comes in as this person from now on. Throws `group_closed`. */
export async function refuseMove(
  tx: Transaction,
  before: DirectoryUser,
  { externalId }: NamedUser,
): Promise<void> {
  if (externalId === before.externalId) return;
  await refuseTakeover(tx, before, 'give another account to');
}

/** Makes the person what the directory says. Throws `already_exists`, `group_closed`. */
export async function applyUser(tx: Transaction, applied: Applied): Promise<DirectoryUser> {
  const { directory, said, before } = applied;
  const named = await renamed(tx, applied);
  const record = await storedUser(tx, applied, named);
  const { userName, externalId, attributes } = said;
  const lost = named?.active === true && !record.active;
  if (lost) await endAccess(tx, record, directory.name);
  return tx.directories.saveUser({
    providerUid: directory.uid,
    uid: record.uid,
    userName,
    ...defined({ externalId }),
    attributes: { ...attributes, active: said.active },
    madeHere: before?.madeHere ?? applied.user === null,
    lockedHere: lost || (before?.lockedHere === true && !record.active),
  });
}

/** The User as the directory wants it; `named`: as it is called already. */
async function storedUser(
  tx: Transaction,
  { directory, said, user, before }: Applied,
  named: UserRecord | null,
): Promise<UserRecord> {
  const { labels = {}, annotations, displayName } = named ?? {};
  const shown = displayNameOf(said.attributes) ?? displayName;
  const active = activeAfter(said.active, named, before);
  const own = {
    name: said.name,
    labels,
    active,
    said: { source: sourceOf(directory), attributes: personAttributes(said.attributes) },
    ...defined({ annotations, displayName: shown }),
  };
  const put = await tx.users.put(own);
  auditUser(tx, put);
  if (put.outcome === 'unchanged' && named === user) tellSaid(tx, put.record, directory.name);
  return put.record;
}

/** Whom an administrator locked stays locked whatever a directory says; whom it locked itself, it lets in again. */
export function activeAfter(
  said: boolean,
  user: { readonly active: boolean } | null,
  before: Pick<DirectoryUser, 'lockedHere'> | undefined,
): boolean {
  if (!said) return false;
  return user === null || user.active || before?.lockedHere === true;
}

/** All access of a person ends at once. What was given for a while does not come back with them. */
export async function endAccess(
  tx: Transaction,
  user: UserRecord,
  directory: string,
): Promise<void> {
  await endSessionsOf(tx, user, `${directory} took the access of User ${user.name} away.`);
  const { narrowedGrants, removedGrants } = await tx.users.endTemporary(user.uid);
  for (const name of [...narrowedGrants, ...removedGrants]) {
    tx.audit.record({
      type: removedGrants.includes(name) ? 'grant.deleted' : 'grant.updated',
      message: `Grant ${name} is no longer for ${user.name}: it has an end, and access ended before`,
      object: { kind: 'Grant', name },
      subjects: [user.name],
      grants: [name],
    });
  }
}

/** Who has another name stays who they are; what runs under the former one ends, for somebody else may be called so soon. */
async function renamed(
  tx: Transaction,
  { said, user, directory }: Applied,
): Promise<UserRecord | null> {
  if (user === null || user.name === said.name) return user;
  if ((await tx.users.find(said.name)) !== null) {
    throw notUnique(
      `There is a User ${said.name} already.`,
      `${user.name} cannot be called so before that one is called otherwise, and nobody becomes somebody else.`,
    );
  }
  const record = await tx.users.rename(user.name, said.name);
  tx.audit.record({
    type: 'user.updated',
    message: `User ${user.name} is called ${record.name} now, says ${directory.name}`,
    object: objectOf('User', record),
    subjects: [record.name],
  });
  await endSessionsOf(tx, record, `User ${user.name} is called ${record.name} now.`);
  return record;
}

function tellSaid(tx: Transaction, user: UserRecord, directory: string): void {
  tx.audit.record({
    type: 'user.updated',
    message: `${directory} says something else of User ${user.name}`,
    object: objectOf('User', user),
    subjects: [user.name],
  });
}
