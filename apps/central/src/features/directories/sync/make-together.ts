import { defined } from '@ambit/kernel';
import type { Transaction } from '@ambit/persistence';
import { auditUser } from '../../people/public.ts';
import type { HeldDirectory } from '../commit-directory.ts';
import { sourceOf } from '../directory-caller.ts';
import { displayNameOf } from '../directory-names.ts';
import { personAttributes } from '../person-attributes.ts';
import type { NamedUser } from '../said-user.ts';

/** People of whose names and ids there is nobody, in a few statements. Throws `already_exists` for an id that is known. */
export async function makeTogether(
  tx: Transaction,
  directory: HeldDirectory,
  people: readonly NamedUser[],
): Promise<{ readonly externalId: string; readonly uid: string }[]> {
  const byName = new Map(people.map((person) => [person.name, person]));
  const records = await tx.users.createAll(
    Array.from(byName.values(), ({ name, active, attributes }) => ({
      name,
      labels: {},
      active,
      said: { source: sourceOf(directory), attributes: personAttributes(attributes) },
      ...defined({ displayName: displayNameOf(attributes) }),
    })),
  );
  const made = records.flatMap(({ uid, name }) => {
    const person = byName.get(name);
    return person === undefined ? [] : [{ uid, person }];
  });
  await tx.directories.saveNewUsers(
    directory.uid,
    made.map(({ uid, person: { userName, externalId, attributes, active } }) => ({
      uid,
      userName,
      ...defined({ externalId }),
      attributes: { ...attributes, active },
    })),
  );
  for (const record of records) auditUser(tx, { outcome: 'created', record });
  return made.map(({ uid, person }) => ({ uid, externalId: person.externalId ?? '' }));
}
