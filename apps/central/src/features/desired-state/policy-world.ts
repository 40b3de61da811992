import { setImmediate } from 'node:timers/promises';
import type {
  ClusterEffect,
  CommitDone,
  DoneIn,
  GuardDecision,
  Policy,
  PolicyChange,
  PolicyView,
  Touched,
} from '@ambit/domain';
import {
  effectOf,
  guardCommit,
  holderOfService,
  serviceOfHolder,
  takesNothing,
} from '@ambit/domain';
import { AppError } from '@ambit/kernel';
import type { Digests, Logger } from '@ambit/kernel';
import type { FeedCommit, KnownPolicy, StateFacts } from '@ambit/persistence';
import { entriesAround } from './entries-around.ts';
import type { EntriesAround } from './entries-around.ts';
import { RevisionMemory } from './revision-memory.ts';
import type { RevisionTouch } from './revision-memory.ts';

/** The feed that delivers commits of every replica, in order (`PolicyFeed` of `@ambit/persistence`). */
export interface CommitFeed {
  offer(commit: FeedCommit): void;
  reached(revision: number, withinMs: number): Promise<void>;
}

/** What the policy in memory was loaded with. */
export interface PolicyOrigin {
  readonly lineage: Uint8Array;
  readonly facts: StateFacts;
}

/** Changes, by their weight, that are applied between two looks at what else is to do: some ten milliseconds of work. */
const followedAtOnce = 1_000;
/** Revisions of which it is kept who gained and lost until somebody asks: as many as are committed together. */
const mostTold = 64;

export type CommitListener = (commit: FeedCommit, touched: Touched) => void;

/**
 * The policy as this replica holds it in memory. It changes only by commits, in revision order; whoever needs to act
 * on a change subscribes and is told in the same turn, so that nothing waits on the path of a change.
 */
export class PolicyWorld {
  readonly #policy: Policy;
  readonly #digests: Digests;
  readonly #logger: Logger;
  readonly #listeners = new Set<CommitListener>();
  readonly #memory = new RevisionMemory();
  readonly #lastTouched = new Map<string, number>();
  readonly #done = new Map<number, DoneIn>();
  #origin: PolicyOrigin;
  #feed: CommitFeed | undefined;
  #underWay: Promise<void> | undefined;

  constructor(policy: Policy, digests: Digests, logger: Logger, origin: PolicyOrigin) {
    this.#policy = policy;
    this.#origin = origin;
    this.#digests = digests;
    this.#logger = logger;
  }

  /** The feed delivers to `deliver`; commits of this process are offered to it. */
  follow(feed: CommitFeed): void {
    this.#feed = feed;
  }

  get policy(): PolicyView {
    return this.#policy;
  }

  /** uids and names as of `revision`. */
  get known(): KnownPolicy {
    return knownOf(this.#policy);
  }

  get revision(): number {
    return this.#policy.revision;
  }

  /** Random bytes of `revision`, the same in this database and its copies alone. */
  get lineage(): Uint8Array {
    return this.#origin.lineage;
  }

  /** The epoch and compiler as of `revision`. */
  get facts(): StateFacts {
    return this.#origin.facts;
  }

  /** Applies one commit of the feed and tells who subscribed: at once, or, of a large one, when all of it is applied. */
  deliver(commit: FeedCommit): void | Promise<void> {
    if (commit.changes.length <= followedAtOnce) {
      return this.#followed(commit, this.#policy.follow(commit));
    }
    this.#underWay = this.#deliverInSteps(commit).finally(() => (this.#underWay = undefined));
    return this.#underWay;
  }

  /**
   * Set while a large commit is applied: until it resolves the policy is between two revisions. Whoever signs or tells what
   * holds at one revision waits for it; whoever only looks for a name need not.
   */
  get underWay(): Promise<void> | undefined {
    return this.#underWay;
  }

  /** Resolves when the policy is that of one revision. */
  async whole(): Promise<void> {
    while (this.#underWay !== undefined) await this.#underWay;
  }

  async #deliverInSteps(commit: FeedCommit): Promise<void> {
    const steps = this.#policy.followInSteps(commit, followedAtOnce);
    for (;;) {
      const { done, value } = steps.next();
      if (done === true) return this.#followed(commit, value);
      await setImmediate();
    }
  }

  #followed(commit: FeedCommit, change: CommitDone): void {
    const { touched } = change;
    const { lineage, installation = this.facts } = commit;
    this.#origin = { lineage, facts: installation };
    const clusters = [...touched.keys()];
    this.#done.set(commit.revision, { clusters, holdings: change.holdings });
    this.#done.delete(commit.revision - mostTold);
    this.#memory.remember(commit.revision, change, (uid, key) => this.#policy.entry(uid, key));
    for (const clusterUid of touched.keys()) this.#lastTouched.set(clusterUid, commit.revision);
    for (const change of commit.changes)
      if (change.op === 'delete' && change.kind === 'Cluster') this.#lastTouched.delete(change.uid);
    for (const listener of this.#listeners) {
      try {
        listener(commit, touched);
      } catch (error) {
        this.#logger.error('a follower of the policy failed', { revision: commit.revision, error });
      }
    }
  }

  /** Hands over a commit of this process without waiting; it reaches the streams here and other replicas at once. */
  offer(commit: FeedCommit | undefined): void {
    if (commit !== undefined) this.#feed?.offer(commit);
  }

  /**
   * Hands over a commit of this process and resolves when it is part of `policy`, with what it did. It is durable already:
   * when this replica is slow to follow, that is logged and is no failure of the change, and nobody knows yet what it did.
   */
  async committed(commit: FeedCommit): Promise<readonly ClusterEffect[]> {
    this.offer(commit);
    await this.reached(commit.revision).catch((error: unknown) =>
      this.#logger.error('a commit of this replica is not part of its policy yet', {
        revision: commit.revision,
        error,
      }),
    );
    const done = this.#done.get(commit.revision);
    this.#done.delete(commit.revision);
    return done === undefined ? [] : effectOf(this.#policy, done);
  }

  /** Resolves when the policy is at `revision` or above. Throws `timed_out`. */
  async reached(revision: number, withinMs = 10_000): Promise<void> {
    if (this.revision >= revision) return;
    if (this.#feed === undefined)
      throw new AppError('not_ready', 'The policy is still being loaded.');
    await this.#feed.reached(revision, withinMs);
  }

  subscribe(listener: CommitListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** uids of the clusters a revision touched; undefined when this replica does not remember it. */
  touchedBy(revision: number): readonly string[] | undefined {
    return this.#memory.clusters(revision);
  }

  /** What a revision did to a cluster: undefined when this replica does not remember it, null when it did nothing there. */
  touchOf(revision: number, clusterUid: string): RevisionTouch | null | undefined {
    return this.#memory.of(revision, clusterUid);
  }

  /** An agent is sent the state at `revision`: it lacks something that a change before this start may have brought. */
  offered(clusterUid: string, revision: number): void {
    if (this.#policy.cluster(clusterUid) === undefined) return;
    const known = this.#lastTouched.get(clusterUid) ?? 0;
    this.#lastTouched.set(clusterUid, Math.max(known, revision));
  }

  /** Revision that the cluster has to be at, as far as this replica has seen a change or sent a state since its start. */
  lastTouched(clusterUid: string): number | undefined {
    return this.#lastTouched.get(clusterUid);
  }

  /** What the clusters that changes touch hold around them, where that is little. Stores nothing. */
  around(changes: readonly PolicyChange[]): ReadonlyMap<string, EntriesAround> {
    return entriesAround(this.#policy, changes);
  }

  /** True for changes that the removal guard lets through whatever they do: see `takesNothing` of the domain. */
  takesNothing(changes: readonly PolicyChange[]): boolean {
    return takesNothing(this.#policy, changes);
  }

  /** Whether the removal guard lets the changes through. Stores nothing. */
  guard(changes: readonly PolicyChange[], confirmRemovals?: string): GuardDecision {
    return guardCommit(this.#policy, changes, {
      digests: this.#digests,
      ...(confirmRemovals === undefined ? {} : { confirmRemovals }),
    });
  }
}

const knownOf = (policy: PolicyView): KnownPolicy => ({
  uid: (kind, name) =>
    kind === 'ServiceIdentity'
      ? policy.byName('User', holderOfService(name))?.uid
      : policy.byName(kind, name)?.uid,
  name: (kind, uid) => objectOf(policy, kind, uid)?.name,
});

function objectOf(
  policy: PolicyView,
  kind: string,
  uid: string,
): { readonly name: string } | undefined {
  if (kind === 'User') return policy.user(uid);
  if (kind === 'ServiceIdentity') return serviceNamed(policy.user(uid)?.name);
  if (kind === 'Group') return policy.group(uid);
  if (kind === 'Team') return policy.team(uid);
  if (kind === 'Role') return policy.role(uid);
  return kind === 'Cluster' ? policy.cluster(uid) : undefined;
}

function serviceNamed(holder = ''): { readonly name: string } | undefined {
  const name = serviceOfHolder(holder);
  return name === undefined ? undefined : { name };
}
