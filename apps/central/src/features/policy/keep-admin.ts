import { serviceOfHolder } from '@ambit/domain';
import type { PolicyChange, PolicyView } from '@ambit/domain';
import { AppError } from '@ambit/kernel';
import type { Transaction, UnitOfWork } from '@ambit/persistence';

/** True for changes of which any may take somebody the rights of an administrator, or the way in. */
export const mayTakeAdmin = (changes: readonly PolicyChange[]): boolean => changes.some(mayTake);

function mayTake(change: PolicyChange): boolean {
  if (change.op === 'delete') return change.kind !== 'Grant' && change.kind !== 'Cluster';
  const { object } = change;
  if (object.kind === 'Plain') return object.of === 'Delegation';
  if (object.kind === 'Team') return true;
  // How a service identity comes in is part of it.
  return object.kind === 'User' && (!object.active || serviceOfHolder(object.name) !== undefined);
}

/** As `mayTakeAdmin`, of those alone whom a Delegation names by what this replica knows. */
export function touchesAdmin(changes: readonly PolicyChange[], policy: PolicyView): boolean {
  const taking = changes.filter(mayTake);
  if (taking.length === 0) return false;
  const named = subjectsOfAdmins(policy);
  return taking.some((change) => {
    const { kind, uid } = change.op === 'put' ? change.object : change;
    if (kind === 'Plain') return true;
    if (kind === 'Membership')
      return withTeams(policy, uid.split('/')[0] ?? '').some((way) => named.has(way));
    return waysOf(policy, uid).some((way) => named.has(way));
  });
}

/** By what a Delegation may name somebody: themselves, their groups, and the teams of both. */
const waysOf = (policy: PolicyView, uid: string): string[] =>
  [uid, ...policy.groupsOf(uid)].flatMap((way) => withTeams(policy, way));

const withTeams = (policy: PolicyView, uid: string): string[] => [uid, ...policy.teamsOf(uid)];

function subjectsOfAdmins(policy: PolicyView): ReadonlySet<string> {
  const named = new Set<string>();
  for (const name of policy.names('Delegation')) {
    const delegation = policy.byName('Delegation', name);
    if (delegation?.kind !== 'Plain' || delegation.spec['role'] !== 'admin') continue;
    for (const { uid } of delegation.spec['subjects'] as readonly { readonly uid: string }[])
      named.add(uid);
  }
  return named;
}

/**
 * Call in the transaction, once it has taken what it takes. Throws `last_admin` when nobody could come in as an
 * administrator any more who could before: only whoever runs commands on the machine of central could help then.
 */
export async function keepAdmin(
  tx: Pick<Transaction, 'admins'>,
  unitOfWork: Pick<UnitOfWork, 'hasAdmin'>,
): Promise<void> {
  if (await tx.admins.remain()) return;
  if (!(await unitOfWork.hasAdmin())) return;
  throw new AppError(
    'last_admin',
    'This is the last way for an administrator of Ambit to come in.',
    {
      why: 'No admin token would be left, and no Delegation of the role admin with a person or program that can come in.',
      hint: 'Make another administrator first. Nothing was changed.',
      nextCommand: 'ambit-central admin create NAME',
    },
  );
}
