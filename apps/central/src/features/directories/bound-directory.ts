import { centralRemovalGuard } from '@ambit/domain';
import type { PolicyView } from '@ambit/domain';
import { AppError } from '@ambit/kernel';
import type { DirectoryLoss, DirectoryLosses, Transaction } from '@ambit/persistence';
import { removalsOf } from '../policy/public.ts';
import { sourceOf } from './directory-caller.ts';
import type { ProviderDirectory } from './directory-caller.ts';

/** Small steps count together: what a directory took away within this time. */
const windowMs = 600_000;

/**
 * The removal guard of a directory: within ten minutes it takes no more than a quarter, or twenty, of its people away, nor of
 * those whom it gives one group, nor of all memberships together; once it is stopped, nobody. Throws `confirmation_required`.
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
  const within = { windowMs, source: sourceOf(directory), share: centralRemovalGuard.share };
  refuseExcess(
    await tx.directories.noteLosses(directory.uid, { lost, back }, within),
    before,
    directory,
  );
}

/** As `boundDirectory` for what a change of many steps will take away in all, and of all memberships together. Throws `confirmation_required`. */
export async function boundAhead(
  tx: Transaction,
  directory: ProviderDirectory,
  { lost, before }: { readonly lost: readonly DirectoryLoss[]; readonly before: PolicyView },
): Promise<void> {
  if (lost.length === 0) return;
  const { resumed, stoppedBecause } = await tx.directories.findStanding(directory.uid);
  if (resumed) return;
  if (stoppedBecause !== undefined) throw new AppError('confirmation_required', stoppedBecause);
  const within = { windowMs, source: sourceOf(directory) };
  refuseExcess(await tx.directories.foreseeLosses(directory.uid, lost, within), before, directory);
}

function refuseExcess(
  sums: readonly DirectoryLosses[],
  policy: PolicyView,
  directory: ProviderDirectory,
): void {
  const { moreThan, share } = centralRemovalGuard;
  const excess = sums.find(({ removed, before }) => removed > moreThan && removed > before * share);
  if (excess !== undefined) throw tooMany(excess, policy, directory);
}

function tooMany(
  { groupUid, everyGroup, removed, before }: DirectoryLosses,
  policy: PolicyView,
  { name }: ProviderDirectory,
): AppError {
  const people = everyGroup === true ? 'memberships' : 'people';
  const whom =
    groupUid === undefined ? people : `members of group ${policy.group(groupUid)?.name ?? ''}`;
  return new AppError(
    'confirmation_required',
    `${name} would have taken ${removed} of its ${before} ${whom} away within ten minutes.`,
  );
}
