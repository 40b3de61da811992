import { AppError } from '@ambit/kernel';
import type { HolderReference, PlainRecord, Transaction } from '@ambit/persistence';
import { auditPlainPut } from '../policy/public.ts';

/** The Delegation of those whom the operator of central made administrators. */
const name = 'administrators';

/** Gives a person every right in Ambit itself, as a part of a transaction. Throws `in_use` when the name means something else. */
export async function makeAdministrator(
  tx: Transaction,
  person: { readonly uid: string; readonly name: string },
): Promise<void> {
  const store = tx.plain('Delegation');
  const found = await store.find(name);
  const { role, subjects: named } = specOf(found);
  if (role !== 'admin') {
    throw new AppError('in_use', `The Delegation ${name} gives the role ${role}.`, {
      why: 'It is the one by which people are made administrators on the machine of central.',
      hint: 'Give it the role admin again, or delete it.',
    });
  }
  if (named.some(({ uid }) => uid === person.uid)) return;
  const subjects = [...named, { kind: 'User', uid: person.uid }];
  const spec = { ...found?.spec, role, subjects };
  const put = await store.put({ name, labels: found?.labels ?? {}, spec });
  auditPlainPut(tx, put, { role: 'admin', subjects: [`user/${person.name}`] });
}

interface StoredSpec {
  readonly role: string;
  readonly subjects: readonly HolderReference[];
}

function specOf(stored: PlainRecord | null): StoredSpec {
  return (stored?.spec ?? { role: 'admin', subjects: [] }) as unknown as StoredSpec;
}
