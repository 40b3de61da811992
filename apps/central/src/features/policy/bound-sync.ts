import { centralRemovalGuard } from '@ambit/domain';
import type { PolicyChange, PolicyView } from '@ambit/domain';
import { AppError } from '@ambit/kernel';
import type { SyncRemovals, TakenAway, Transaction } from '@ambit/persistence';

/** Small steps count together: what tokens of the role sync took away within this time. */
const windowMs = 86_400_000;

/**
 * The removal guard for tokens that sync people: within a day they take no more than a quarter, or twenty, of all
 * people away, nor of the members of one group, in however many calls, and whom they brought within the day counts on
 * neither side. Throws `confirmation_required`.
 */
export async function boundSync(tx: Transaction, before: PolicyView): Promise<void> {
  const removals = removalsOf(tx.policy.changes(), before);
  if (Object.values(removals).every((people) => people.length === 0)) return;
  for (const sum of await tx.sync.note(removals, windowMs)) {
    const { moreThan, share } = centralRemovalGuard;
    if (sum.removed > moreThan && sum.removed > sum.before * share) throw tooMany(sum, before);
  }
}

/** The refusal of the removal guard in words for a token that cannot confirm. */
export function adminConfirms(error: AppError): AppError {
  return new AppError('confirmation_required', error.message, { ...error.extras, hint: adminHint });
}

const adminHint =
  'A token of the role sync cannot confirm it. If it is what you mean, make the change with a token of the role admin, which is asked to confirm what takes much away.';

/** Who is taken away by these changes, and who comes. */
export function removalsOf(changes: readonly PolicyChange[], before: PolicyView): SyncRemovals {
  const lost: SyncRemovals['lost'][number][] = [];
  const back: SyncRemovals['lost'][number][] = [];
  const joined: SyncRemovals['lost'][number][] = [];
  const deleted = new Set(
    changes.flatMap((change) =>
      change.op === 'delete' && change.kind === 'User' ? [change.uid] : [],
    ),
  );
  for (const change of changes) {
    const kind = change.op === 'put' ? change.object.kind : change.kind;
    if (kind === 'User') noteUser(change, before, { lost, back, joined });
    if (kind !== 'Membership') continue;
    const [groupUid = '', userUid = ''] = uidOf(change).split('/');
    const member = { groupUid, userUid };
    if (change.op === 'put') {
      back.push(member);
      joined.push(member);
    } else if (!deleted.has(userUid)) lost.push(member);
  }
  return { lost, back, joined };
}

const uidOf = (change: PolicyChange): string =>
  change.op === 'put' ? change.object.uid : change.uid;

function noteUser(
  change: PolicyChange,
  before: PolicyView,
  to: Readonly<Record<keyof SyncRemovals, { userUid: string }[]>>,
): void {
  const userUid = uidOf(change);
  const was = before.user(userUid)?.active;
  const is = change.op === 'put' && change.object.kind === 'User' && change.object.active;
  // Who was locked already is taken away from nothing by being deleted.
  if (was !== false && !is) to.lost.push({ userUid });
  if (is && was === false) to.back.push({ userUid });
  if (is && was === undefined) to.joined.push({ userUid });
}

function tooMany({ groupUid, removed, before }: TakenAway, policy: PolicyView): AppError {
  const where =
    groupUid === undefined ? 'people' : `members of group ${policy.group(groupUid)?.name ?? ''}`;
  return new AppError(
    'confirmation_required',
    `Tokens of the role sync would have taken ${removed} of ${before} ${where} away within a day.`,
    {
      why: 'More than a quarter, and more than twenty, are not taken away without an admin.',
      hint: adminHint,
      details: { removed, before },
    },
  );
}
