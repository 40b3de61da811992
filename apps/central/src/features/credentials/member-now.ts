import { groupSubject } from '@ambit/domain';
import type { Entrant } from '@ambit/domain';
import { AppError } from '@ambit/kernel';
import type { Transaction } from '@ambit/persistence';
import type { ClusterAdmission } from './admission.ts';

/**
 * Throws `not_ready` when the person is not in all of these groups at this very moment: this replica has not heard yet that
 * they left one, and a token that names it would be younger than that.
 */
export async function requireMember(
  tx: Pick<Transaction, 'sync'>,
  { uid }: Entrant,
  { cluster, groups }: Pick<ClusterAdmission, 'cluster' | 'groups'>,
): Promise<void> {
  if (groups.length === 0) return;
  const held = await tx.sync.groupsOf(uid);
  const names = new Set(held.map(({ name }) => cluster.userPrefix + groupSubject(name)));
  if (groups.every((group) => names.has(group))) return;
  throw new AppError('not_ready', 'Your groups are changing at this moment.', {
    why: `You are no longer in one that a token for ${cluster.name} would name, and this replica of central has not heard of it yet.`,
    hint: 'Try again in a moment.',
    details: { retryAfterSeconds: 1 },
  });
}
