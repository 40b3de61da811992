import type { ObjectResult, PolicyKindName } from '@ambit/contracts';
import type { Precondition } from '@ambit/persistence';
import type { CommitPolicy, CommitRequest, CommitResult } from './commit-policy.ts';
import type { Followed, PolicyKinds } from './policy-kind.ts';

/** Deletes one object with what hangs on it: memberships, subject entries, and grants left without a subject. */
export class DeleteObject {
  readonly #commit: CommitPolicy;
  readonly #kinds: PolicyKinds;

  constructor(commit: CommitPolicy, kinds: PolicyKinds) {
    this.#commit = commit;
    this.#kinds = kinds;
  }

  /** Throws `not_found`, `stale_resource`, `in_use`, and what `CommitPolicy.run` throws. */
  execute(
    kind: PolicyKindName,
    name: string,
    request: CommitRequest & { readonly precondition?: Precondition },
  ): Promise<CommitResult<readonly ObjectResult[]>> {
    const { precondition } = request;
    const options = precondition === undefined ? {} : { precondition };
    return this.#commit.run(request, async (tx) =>
      withFollowing(kind, await this.#kinds.of(kind).remove(tx, name, options)),
    );
  }
}

function withFollowing(
  kind: PolicyKindName,
  { record: { name, uid }, narrowedGrants = [], removedGrants = [] }: Followed,
): ObjectResult[] {
  return [
    { kind, name, uid, action: 'deleted' },
    ...narrowedGrants.map(
      (grant) => ({ kind: 'Grant', name: grant, action: 'configured' }) as const,
    ),
    ...removedGrants.map((grant) => ({ kind: 'Grant', name: grant, action: 'deleted' }) as const),
  ];
}
