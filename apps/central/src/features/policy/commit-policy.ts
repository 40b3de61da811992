import type { TokenRole } from '@ambit/contracts';
import { confirmationRequired } from '@ambit/domain';
import type { AuditActor, ClusterEffect, GuardDecision, PolicyChange } from '@ambit/domain';
import type { Meters, centralMetrics } from '@ambit/observability';
import { NeedsTransaction, PolicyMoved } from '@ambit/persistence';
import type { Committed, Draft, MovedByRules, Transaction, UnitOfWork } from '@ambit/persistence';
import { AppError, isAppError } from '@ambit/kernel';
import type { PolicyWorld } from '../desired-state/public.ts';
import { adminConfirms, boundSync } from './bound-sync.ts';
import { withClosedGroups } from './closed-groups.ts';
import { keepAdmin, mayTakeAdmin, touchesAdmin } from './keep-admin.ts';
import type { ObjectCount, ObjectCounts } from './object-counts.ts';
import { FollowRules, knownRules, mayFollow } from './follow-rules.ts';
import type { RulesFollowed, KnownRules } from './follow-rules.ts';
import { withRights } from './with-rights.ts';

export interface CommitRequest {
  readonly actor: AuditActor;
  /** Of the token that asks; absent when no token does. */
  readonly role?: TokenRole;
  readonly requestId?: string;
  /** Everything is checked and computed, nothing is stored. */
  readonly dryRun?: boolean;
  /** Digest of a dry run whose removals the caller has seen. */
  readonly confirmRemovals?: string;
  /** The change says itself that it takes everything of a cluster away. */
  readonly unguarded?: boolean;
  /** A provider says it at a sign-in: rules put nobody into a team that is closed to those who sync people. */
  readonly claimed?: boolean;
  /** What bounds tokens of the role sync is not counted: the work bounds itself what it takes away. */
  readonly boundsItself?: boolean;
}

/** Why the removal guard stops a change, and the digest that lets it through. */
export type GuardStop = Pick<GuardDecision & { allow: false }, 'digest' | 'excess'>;

interface Done<T> extends Outcome, RulesFollowed {
  readonly value: T;
}

interface Outcome {
  /** Absent where nobody had to work it out beforehand: then the policy tells when it has followed. */
  readonly clusters?: readonly ClusterEffect[];
  readonly guard?: GuardStop;
}

export interface CommitResult<T> {
  readonly value: T;
  readonly changed: boolean;
  /** The revision made; without a change, or in a dry run, the one the answer was computed at. */
  readonly revision: number;
  readonly clusters: readonly ClusterEffect[];
  /** In a dry run: objects that would be written, by cluster, where that was worked out. */
  readonly objects?: ReadonlyMap<string, ObjectCount>;
  /** Set in a dry run whose commit the removal guard would stop. */
  readonly guard?: GuardStop;
  /** Whom rules of teams, and conditions of grants, brought in and out. */
  readonly moved: readonly MovedByRules[];
}

/** Up to this many changes are judged in the transaction that made them: that takes less than a round trip. */
const mostJudgedInside = 100;

/** The guard's decision with all that it followed from. */
interface Judged {
  readonly revision: number;
  readonly changes: string;
  readonly decision: GuardDecision;
}

/** Rolls back a transaction whose changes take long to judge. */
class LargeCommit extends AppError {
  readonly changes: readonly PolicyChange[];

  constructor(changes: readonly PolicyChange[]) {
    super('internal', 'The change is judged outside of its transaction.');
    this.changes = changes;
  }
}

/**
 * The one way in which policy changes: work it out, look at what it would do, let the removal guard judge, commit, and
 * tell the policy in memory. Most changes are drafted and no transaction is open while the CPU works. Others are made in
 * a transaction: nothing but the database is spoken to between BEGIN and COMMIT, and while many changes are judged that
 * one is rolled back, and the work done again with the decision in hand. It is judged anew inside only when the policy
 * moved on meanwhile.
 */
export class CommitPolicy {
  readonly #unitOfWork: UnitOfWork;
  readonly #world: PolicyWorld;
  readonly #meters: Pick<Meters<typeof centralMetrics>, 'removalGuardTrips'>;
  readonly #counts: Pick<ObjectCounts, 'of'> | undefined;
  readonly #follow = new FollowRules();

  /** Without `counts` no dry run tells of objects. */
  constructor(
    unitOfWork: UnitOfWork,
    world: PolicyWorld,
    meters: Pick<Meters<typeof centralMetrics>, 'removalGuardTrips'>,
    counts?: Pick<ObjectCounts, 'of'>,
  ) {
    this.#unitOfWork = unitOfWork;
    this.#world = world;
    this.#meters = meters;
    this.#counts = counts;
  }

  /** What rules of teams, and conditions of grants, were asked. */
  get asked(): Pick<FollowRules, 'rules' | 'conditions'> {
    return this.#follow;
  }

  /**
   * Throws what the work throws, `session_ended` and `permission_denied` for a session that may not, `group_closed` for a group
   * that is closed to the role, `last_admin`, and `confirmation_required` when the removal guard stops it.
   */
  async run<T>(
    request: CommitRequest,
    work: (tx: Transaction) => Promise<T>,
  ): Promise<CommitResult<T>> {
    const knew = knownRules(this.#world.policy);
    const committed = await this.#commit(request, work);
    const { value, clusters, guard, moved } = committed.value;
    const objects = await this.#objectsOf(request, committed.changes);
    const { commit } = committed;
    const done = commit === undefined ? [] : await this.#world.committed(commit);
    await this.#followLate(committed, knew);
    return {
      value,
      moved: moved ?? [],
      clusters: clusters ?? done,
      changed: committed.changes.length > 0,
      revision: committed.commit?.revision ?? this.#world.revision,
      ...(guard === undefined ? {} : { guard }),
      ...(objects === undefined ? {} : { objects }),
    };
  }

  /** Rules and conditions that this replica had not heard of when it committed look at what it changed afterwards. */
  async #followLate({ commit, value }: Committed<Done<unknown>>, knew: KnownRules): Promise<void> {
    const missed =
      commit && this.#follow.missed(commit.changes, this.#world.policy, { knew, ...value });
    if (missed === undefined) return;
    await this.run({ actor: follower }, async (tx) => {
      for (const uid of missed.people) tx.rules.note(uid);
      tx.conditions.tell(missed.changes);
    });
  }

  async #objectsOf(
    { dryRun }: CommitRequest,
    changes: readonly PolicyChange[],
  ): Promise<ReadonlyMap<string, ObjectCount> | undefined> {
    if (dryRun !== true || this.#counts === undefined) return undefined;
    return this.#counts.of(this.#world.around(changes));
  }

  /**
   * Works the change out beside the database and commits it in one round trip. What this replica knows is believed
   * first; when the policy turns out to be another one everything is read, and at last the change is made in a
   * transaction that holds what it reads.
   */
  async #commit<T>(
    request: CommitRequest,
    work: (tx: Transaction) => Promise<T>,
  ): Promise<Committed<Done<T>>> {
    // What bounds those who sync people is counted in the database, and what a person may do is read there.
    if (request.role === 'sync' || request.actor.session !== undefined)
      return this.#inTransaction(request, work);
    const meta = { ...request, ids: this.#unitOfWork.repeatableIds() };
    for (const known of [this.#world.known, undefined]) {
      try {
        const draft = await this.#unitOfWork.draft(meta, known, work);
        const { policy } = this.#world;
        // Whether an administrator is left is a question to the database, under a lock; so is whom rules match.
        if (touchesAdmin(draft.changes.changes(), policy)) throw new NeedsTransaction();
        if (mayFollow(draft.changes.changes(), policy)) throw new NeedsTransaction();
        return await this.#commitDraft(request, draft);
      } catch (error) {
        if (error instanceof NeedsTransaction) break;
        if (!(error instanceof PolicyMoved)) throw error;
      }
    }
    return this.#inTransaction(request, work);
  }

  async #commitDraft<T>(request: CommitRequest, draft: Draft<T>): Promise<Committed<Done<T>>> {
    const { value } = draft;
    const changes = draft.changes.changes();
    if (request.dryRun === true || changes.length === 0) {
      const outcome = this.#outcome(request, changes, undefined);
      return { value: { value, ...outcome }, changes, events: draft.changes.events };
    }
    // Right before the transaction begins, so by what was committed while it waited for its turn.
    let outcome: Outcome = {};
    const committed = await this.#unitOfWork.commit(draft, () => {
      outcome = this.#outcome(request, changes, undefined);
    });
    return { ...committed, value: { value, ...outcome } };
  }

  async #inTransaction<T>(
    request: CommitRequest,
    work: (tx: Transaction) => Promise<T>,
  ): Promise<Committed<Done<T>>> {
    const meta = { ...request, ids: this.#unitOfWork.repeatableIds() };
    const attempt = (judged?: Judged): Promise<Committed<Done<T>>> =>
      this.#unitOfWork.run(meta, async (tx) => {
        const rightful = await withRights(tx, request.actor);
        const value = await work(withClosedGroups(rightful, request.role));
        const followed = await this.#follow.run(tx, request, this.#world.policy);
        await this.#boundSync(request, tx);
        const changes = tx.policy.changes();
        if (mayTakeAdmin(changes)) await keepAdmin(tx, this.#unitOfWork);
        if (judged === undefined && this.#takesLong(request, changes)) {
          throw new LargeCommit(changes);
        }
        const outcome = this.#outcome(request, changes, judged);
        return { value, ...outcome, ...followed };
      });
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof LargeCommit)) throw error;
      return attempt(this.#judge(request, error.changes));
    }
  }

  /** True for changes that would be judged for so long that no transaction should be open meanwhile. */
  #takesLong(request: CommitRequest, changes: readonly PolicyChange[]): boolean {
    return changes.length > mostJudgedInside && !this.#needsNoJudge(request, changes);
  }

  /** True for most changes: what they do is worked out once, by the commit itself. */
  #needsNoJudge({ dryRun }: CommitRequest, changes: readonly PolicyChange[]): boolean {
    return dryRun !== true && this.#world.takesNothing(changes);
  }

  #judge(request: CommitRequest, changes: readonly PolicyChange[]): Judged {
    const { revision } = this.#world;
    const decision = this.#world.guard(changes, confirmationOf(request));
    return { revision, changes: textOf(changes), decision };
  }

  #outcome(
    request: CommitRequest,
    changes: readonly PolicyChange[],
    judged: Judged | undefined,
  ): Outcome {
    if (changes.length === 0) return { clusters: [] };
    if (this.#needsNoJudge(request, changes)) return {};
    const holds = judged?.revision === this.#world.revision && judged.changes === textOf(changes);
    const decision = holds ? judged.decision : this.#world.guard(changes, confirmationOf(request));
    const { clusters } = decision.effect;
    if (decision.allow || request.unguarded === true) return { clusters };
    if (request.dryRun) return { clusters, guard: decision };
    this.#meters.removalGuardTrips.inc();
    throw request.role === 'sync'
      ? adminConfirms(confirmationRequired(decision))
      : confirmationRequired(decision);
  }

  async #boundSync({ role, boundsItself }: CommitRequest, tx: Transaction): Promise<void> {
    if (role !== 'sync' || boundsItself === true) return;
    try {
      await boundSync(tx, this.#world.policy);
    } catch (error) {
      if (isAppError(error, 'confirmation_required')) this.#meters.removalGuardTrips.inc();
      throw error;
    }
  }
}

/** When a session ended takes nothing from anybody, and is another moment each time the work is done. */
const textOf = (changes: readonly PolicyChange[]): string =>
  JSON.stringify(changes, (field, value: unknown) => (field === 'endedAt' ? undefined : value));

/** A token that syncs people cannot say that it has looked at what goes. */
const confirmationOf = ({ role, confirmRemovals }: CommitRequest): string | undefined =>
  role === 'sync' ? undefined : confirmRemovals;

const follower = { kind: 'system', name: 'system/team-rules' } as const;
