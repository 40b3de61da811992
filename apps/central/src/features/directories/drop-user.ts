import { defined } from '@ambit/kernel';
import type { DirectoryUser, Transaction } from '@ambit/persistence';
import { auditMembers, auditUser, userKind } from '../people/public.ts';
import { endAccess } from './apply-user.ts';
import type { HeldDirectory } from './commit-directory.ts';
import { sourceOf } from './directory-caller.ts';

/**
 * Who left a directory loses what it gave. Whom it made goes with all access; whom it found is locked; whom another directory
 * knows stays.
 */
export async function dropUser(
  tx: Transaction,
  directory: HeldDirectory,
  { uid, name, madeHere }: DirectoryUser,
): Promise<void> {
  await tx.directories.forgetUser(directory.uid, uid);
  const { left } = await tx.members.give(uid, sourceOf(directory), []);
  for (const group of left) auditMembers(tx, group, { added: [], removed: [name] });
  const said = { source: sourceOf(directory), attributes: {} };
  const elsewhere = await tx.directories.findElsewhere(directory.uid, uid);
  if (madeHere && !elsewhere) {
    await userKind.remove(tx, name, {});
    return;
  }
  const user = await tx.users.find(name);
  if (user === null) return;
  const { labels, annotations, displayName } = user;
  const active = elsewhere && user.active;
  const own = { name, labels, annotations, ...defined({ displayName }), active, said };
  const put = await tx.users.put(own);
  auditUser(tx, put);
  if (user.active && !active) await endAccess(tx, put.record, directory.name);
}
