import { setImmediate } from 'node:timers/promises';
import { AppError } from '@ambit/kernel';
import { allDirectoryGroups, allDirectoryUsers, lockDirectorySync } from '@ambit/persistence';
import type { Database, DirectoryUser, GivenGroup } from '@ambit/persistence';
import type { PolicyWorld } from '../../desired-state/public.ts';
import type { CommitDirectory } from '../commit-directory.ts';
import { sourceOf } from '../directory-caller.ts';
import type { DirectoryCaller, ProviderDirectory } from '../directory-caller.ts';
import { ApplySync } from './apply-sync.ts';
import type { SyncDone } from './apply-sync.ts';
import { planSync } from './plan-sync.ts';
import { emptySync } from './sync-draft.ts';
import { changesNothing } from './sync-plan.ts';
import type { KnownDirectory, SyncPlan } from './sync-plan.ts';
import type { SaidDirectory, SyncRefused } from './said-directory.ts';

export interface SyncResult {
  readonly users: SyncDone & { readonly unchanged: number };
  readonly groups: SyncDone & { readonly unchanged: number };
  readonly membersJoined: number;
  readonly membersLeft: number;
  readonly refused: readonly SyncRefused[];
  readonly dryRun: boolean;
  readonly revision: number;
}

/** Syncs that are gathered in this process at once: each may hold as much as a large directory has. */
const mostGathered = 4;
const retryAfterSeconds = 5;

/** Makes a directory what one sync says: planned whole, judged by the removal guard, then written in steps. */
export class SyncDirectory {
  readonly #commit: CommitDirectory;
  readonly #database: Database;
  readonly #world: Pick<PolicyWorld, 'revision'>;
  /** Uids of directories. */
  readonly #gathered = new Set<string>();

  constructor(commit: CommitDirectory, database: Database, world: Pick<PolicyWorld, 'revision'>) {
    this.#commit = commit;
    this.#database = database;
    this.#world = world;
  }

  /**
   * A place to gather a sync of the directory in, and the function that gives it back. Throws `sync_running` when the
   * directory has one, so that none takes those of the others, and `rate_limited`.
   */
  begin({ directory }: Pick<DirectoryCaller, 'directory'>): () => void {
    if (this.#gathered.has(directory.uid)) throw running(directory);
    if (this.#gathered.size >= mostGathered)
      throw new AppError('rate_limited', `Central gathers ${mostGathered} syncs already.`, {
        hint: 'Try again a little later, or at another replica.',
        details: { retryAfterSeconds },
      });
    this.#gathered.add(directory.uid);
    return () => void this.#gathered.delete(directory.uid);
  }

  /**
   * Throws `sync_running` while another sync of the directory is written, `invalid_request` for a whole one that knows of no
   * group any more and does not say that it is meant so, `confirmation_required` when it would take too much
   * away, and what stops it in the middle: what was written until then stays, and the next sync goes on from there.
   */
  async run(
    caller: DirectoryCaller,
    said: SaidDirectory,
    { dryRun, ended }: { readonly dryRun: boolean; readonly ended: AbortSignal },
  ): Promise<SyncResult> {
    const unlock = await lockDirectorySync(this.#database, caller.directory.uid);
    if (unlock === undefined) throw running(caller.directory);
    try {
      const known = await this.#known(caller.directory);
      if (takesAllGroups(known, said)) throw emptySync('group', 'all groups');
      const plan = await planSync(known, said, setImmediate);
      ended.throwIfAborted();
      await this.#commit.foresee(caller, plan.losses, dryRun);
      if (dryRun || changesNothing(plan)) return this.#foreseen(plan, dryRun);
      const uids = new Map(
        known.users.flatMap(({ uid, externalId }) =>
          externalId === undefined ? [] : [[externalId, uid] as const],
        ),
      );
      const applied = new ApplySync(this.#commit, caller, { ended, uids });
      await applied.run(plan);
      return this.#done(plan, applied);
    } finally {
      await unlock();
    }
  }

  async #known(directory: ProviderDirectory): Promise<KnownDirectory> {
    const users: DirectoryUser[] = [];
    const groups: GivenGroup[] = [];
    const sql = this.#database.prepared;
    for await (const page of allDirectoryUsers(sql, directory.uid)) users.push(...page);
    for await (const page of allDirectoryGroups(sql, directory.uid, sourceOf(directory)))
      groups.push(...page);
    return { users, groups };
  }

  #foreseen(plan: SyncPlan, dryRun: boolean): SyncResult {
    const sum = (of: (change: SyncPlan['groups'][number]) => number): number =>
      plan.groups.reduce((total, change) => total + of(change), 0);
    const created = sum(({ before }) => (before === undefined ? 1 : 0));
    const dropped = plan.removedGroups.reduce(
      (total, { memberUids }) => total + memberUids.size,
      0,
    );
    return {
      users: {
        created: plan.createdUsers.length,
        changed: plan.changedUsers.length,
        removed: plan.removedUsers.length,
        unchanged: plan.unchangedUsers,
      },
      groups: {
        created,
        changed: plan.groups.length - created,
        removed: plan.removedGroups.length,
        unchanged: plan.unchangedGroups,
      },
      membersJoined: sum(({ joining }) => joining.size),
      membersLeft: dropped + sum(({ leavingUids }) => leavingUids.size),
      refused: plan.refused,
      dryRun,
      revision: this.#world.revision,
    };
  }

  #done(plan: SyncPlan, applied: ApplySync): SyncResult {
    return {
      users: { ...applied.users, unchanged: plan.unchangedUsers },
      groups: { ...applied.groups, unchanged: plan.unchangedGroups },
      membersJoined: applied.membersJoined,
      membersLeft: applied.membersLeft,
      refused: [...plan.refused, ...applied.refused],
      dryRun: false,
      revision: this.#world.revision,
    };
  }
}

const takesAllGroups = (known: KnownDirectory, said: SaidDirectory): boolean =>
  said.whole &&
  !said.intentionallyEmpty &&
  said.groups.size + said.joining.size === 0 &&
  known.groups.length > 0;

const running = ({ name }: ProviderDirectory): AppError =>
  new AppError('sync_running', `Another sync of the directory of ${name} goes on.`, {
    hint: 'Send it again when that one is done.',
    details: { retryAfterSeconds },
  });
