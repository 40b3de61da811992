import type { ObjectResult, PolicyKindName } from '@ambit/contracts';
import type { Precondition, Removed, Transaction } from '@ambit/persistence';
import { auditGrantDeleted, auditRemoved } from './policy-audit.ts';
import type { CommitPolicy, CommitRequest, CommitResult } from './commit-policy.ts';

interface Identified {
  readonly uid: string;
  readonly name: string;
}

/** Deletes one object with what hangs on it: memberships, subject entries, and grants left without a subject. */
export class DeleteObject {
  readonly #commit: CommitPolicy;

  constructor(commit: CommitPolicy) {
    this.#commit = commit;
  }

  /** Throws `not_found`, `stale_resource`, `in_use`, and what `CommitPolicy.run` throws. */
  execute(
    kind: PolicyKindName,
    name: string,
    request: CommitRequest & { readonly precondition?: Precondition },
  ): Promise<CommitResult<readonly ObjectResult[]>> {
    const { precondition } = request;
    const options = precondition === undefined ? {} : { precondition };
    return this.#commit.run(request, (tx) => remove(tx, kind, name, options));
  }
}

async function remove(
  tx: Transaction,
  kind: PolicyKindName,
  name: string,
  options: { readonly precondition?: Precondition },
): Promise<ObjectResult[]> {
  if (kind === 'Grant') {
    const record = await tx.grants.remove(name, options);
    auditGrantDeleted(tx, record);
    return [deleted(kind, record)];
  }
  const removed = await removeWithFollowing(tx, kind, name, options);
  auditRemoved(tx, kind, removed);
  return withFollowing(kind, removed);
}

async function removeWithFollowing(
  tx: Transaction,
  kind: Exclude<PolicyKindName, 'Grant'>,
  name: string,
  options: { readonly precondition?: Precondition },
): Promise<Removed<Identified>> {
  switch (kind) {
    case 'User':
      return tx.users.remove(name, options);
    case 'Group':
      return tx.groups.remove(name, options);
    case 'Cluster':
      return tx.clusters.remove(name, options);
    case 'Role': {
      const record = await tx.roles.remove(name, options);
      return { record, memberships: 0, narrowedGrants: [], removedGrants: [] };
    }
  }
}

const deleted = (kind: PolicyKindName, { name, uid }: Identified): ObjectResult => ({
  kind,
  name,
  uid,
  action: 'deleted',
});

function withFollowing(kind: PolicyKindName, removed: Removed<Identified>): ObjectResult[] {
  return [
    deleted(kind, removed.record),
    ...removed.narrowedGrants.map(
      (name) => ({ kind: 'Grant', name, action: 'configured' }) as const,
    ),
    ...removed.removedGrants.map((name) => ({ kind: 'Grant', name, action: 'deleted' }) as const),
  ];
}
