import { centralRemovalGuard } from '@ambit/domain';
import type { PolicyView } from '@ambit/domain';
import { AppError } from '@ambit/kernel';
import type { DirectoryLosses, Transaction } from '@ambit/persistence';
import { removalsOf } from '../policy/public.ts';
import { sourceOf } from './directory-caller.ts';
import type { ProviderDirectory } from './directory-caller.ts';

/** Small steps count together: what a directory took away within this time. */
const windowMs = 600_000;

/**
 * The removal guard of a directory: within ten minutes it takes no more than a quarter, or twenty, of its people away, nor of
 * those whom it gives one group; once it is stopped, nobody. Throws `confirmation_required`.
 */
export async function boundDirectory(
  tx: Transaction,
  directory: ProviderDirectory,
  before: PolicyView,
): Promise<void> {
  const { lost, back } = removalsOf(tx.policy.changes(), before);
  if (lost.length + back.length === 0) return;
  const { resumed, stoppedBecause } = await tx.directories.findStanding(directory.uid);
  if (resumed) return;
  if (stoppedBecause !== undefined && lost.length > 0)
    throw new AppError('confirmation_required', stoppedBecause);
  const within = { windowMs, source: sourceOf(directory) };
  const sums = await tx.directories.noteLosses(directory.uid, { lost, back }, within);
  const { moreThan, share } = centralRemovalGuard;
  const excess = sums.find(
    ({ removed, before: all }) => removed > moreThan && removed > all * share,
  );
  if (excess !== undefined) throw tooMany(excess, before, directory);
}

function tooMany(
  { groupUid, removed, before }: DirectoryLosses,
  policy: PolicyView,
  { name }: ProviderDirectory,
): AppError {
  const whom =
    groupUid === undefined ? 'people' : `members of group ${policy.group(groupUid)?.name ?? ''}`;
  return new AppError(
    'confirmation_required',
    `${name} would have taken ${removed} of its ${before} ${whom} away within ten minutes.`,
  );
}
