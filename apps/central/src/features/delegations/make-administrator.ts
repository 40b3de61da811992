import { AppError } from '@ambit/kernel';
import type { HolderReference, Transaction } from '@ambit/persistence';
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
  const role = found?.spec['role'] ?? 'admin';
  if (role !== 'admin') {
    throw new AppError('in_use', `The Delegation ${name} gives the role ${String(role)}.`, {
      why: 'It is the one by which people are made administrators on the machine of central.',
      hint: 'Give it the role admin again, or delete it.',
    });
  }
  const named = (found?.spec['subjects'] ?? []) as readonly HolderReference[];
  if (named.some(({ uid }) => uid === person.uid)) return;
  const subjects = [...named, { kind: 'User', uid: person.uid }];
  const spec = { ...found?.spec, role, subjects };
  const put = await store.put({ name, labels: found?.labels ?? {}, spec });
  auditPlainPut(tx, put, { role: 'admin', subjects: [`user/${person.name}`] });
}
