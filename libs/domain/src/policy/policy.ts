import type { Digests } from '@ambit/kernel';
import type { Intent } from '@ambit/rbac';
import type {
  PolicyChange,
  PolicyCluster,
  PolicyCommit,
  PolicyObject,
  PolicyUser,
} from '../policy-objects.ts';
import { ClusterIndex } from './cluster-index.ts';
import { CommitRecord } from './commit-record.ts';
import { ChangeApplier } from './change-applier.ts';
import { ClusterEntries } from './cluster-entries.ts';
import { Denials } from './denials.ts';
import { entriesNow } from './entries-now.ts';
import type { Family } from './family.ts';
import { FamilyTable } from './family-table.ts';
import type { CompiledGrant } from './compiled-grant.ts';
import { GrantLinks } from './grant-links.ts';
import { GroupedBindings } from './grouped-bindings.ts';
import { loadPolicy } from './load-policy.ts';
import { Holders } from './holders.ts';
import { joinSteps, requireNext, stepsOf, type CommitDone } from './follow-steps.ts';
import { Holdings } from './holdings.ts';
import { surroundingsOf } from './policy-surroundings.ts';
import type { PolicyStats, PolicyView, SectionCounts, Touched, WhatIf } from './policy-view.ts';
import { RenderedDifferences, renderDirty, touchedBy, type EntriesNow } from './settle-commit.ts';
import { StoredObjects } from './stored-objects.ts';
import { Subjects } from './subjects.ts';
import { NamespacesOfTeams } from './team-namespaces.ts';
import { TokenFacts } from './token-facts.ts';
import type { CoarseDepartures } from './told-departures.ts';
import { undoOf } from './undo-changes.ts';

/**
 * The whole policy of an installation in memory, and what each cluster should hold by it. What it answers follows
 * from the objects alone: not from the time, and not from the commits that led here.
 */
export class Policy extends StoredObjects implements PolicyView {
  private readonly index = new ClusterIndex();
  private readonly subjects: Subjects;
  private readonly table: FamilyTable;
  private readonly links: GrantLinks;
  private readonly applier: ChangeApplier;
  private readonly denials: Denials;
  private readonly grouped: GroupedBindings;
  private readonly inClusters: ClusterEntries;
  private readonly tokens: TokenFacts;
  private readonly namespaces: NamespacesOfTeams;
  private readonly held: Holdings;
  private readonly bindingCounts = new Map<string, number>();
  private readonly now: EntriesNow;
  private readonly rendered = { families: 0, entries: 0 };
  private head: number;

  private constructor(revision: number, digests: Digests) {
    super();
    this.head = revision;
    const { store, index, bindingCounts } = this;
    const holders = new Holders(store.users);
    const subjects = (this.subjects = new Subjects(digests));
    const around = surroundingsOf(store, { digests, subjects }, holders);
    const table = new FamilyTable(around);
    const links = new GrantLinks(store, index, table);
    this.table = table;
    this.links = links;
    this.applier = new ChangeApplier(store, index, { links, holders });
    const denials = (this.denials = new Denials(store, links, subjects));
    const grouped = (this.grouped = new GroupedBindings({ ...around, store, table }));
    this.tokens = new TokenFacts(store, grouped, digests);
    this.namespaces = new NamespacesOfTeams(store);
    this.held = new Holdings({ store, links, table, subjects }, holders);
    const { tokens, namespaces } = this;
    const inClusters = new ClusterEntries({
      store,
      links,
      denials,
      grouped,
      tokens,
      namespaces,
      bindingCounts,
    });
    this.inClusters = inClusters;
    const single = (cluster: string, key: string): Intent | undefined =>
      inClusters.single(cluster, key);
    this.now = entriesNow({ table, denials, grouped, bindingCounts, single });
  }

  /** The policy of a snapshot. The objects may come in any order. */
  static load(revision: number, objects: Iterable<PolicyObject>, digests: Digests): Policy {
    const policy = new Policy(revision, digests);
    const { store, index, links, table, held, denials, grouped, bindingCounts } = policy;
    loadPolicy(objects, { store, index, links, table, held, denials, grouped, bindingCounts });
    return policy;
  }

  get revision(): number {
    return this.head;
  }

  /**
   * Applies the next commit. Throws `internal` when it is not the next: a gap would make this policy another one
   * than that of the database. Whoever is told of a later commit reads the feed between first.
   */
  apply(commit: PolicyCommit): Touched {
    return this.follow(commit).touched;
  }

  /** As `apply`; tells too what the touched entries were before. Ask at once: nothing of it is true after the next commit. */
  follow(commit: PolicyCommit): WhatIf {
    requireNext(commit, this.head);
    const change = this.perform(commit.changes);
    this.head = commit.revision;
    this.tokens.prune();
    return change;
  }

  /**
   * As `follow`, in steps that weigh `atOnce`, so that others get a turn between. Until it is done the policy is between two
   * revisions and calls itself the first of them; every step leaves it sound, so what would be can be asked meanwhile.
   */
  *followInSteps(commit: PolicyCommit, atOnce: number): Generator<void, CommitDone> {
    requireNext(commit, this.head);
    const steps: WhatIf[] = [];
    for (const changes of stepsOf(commit.changes, atOnce)) {
      if (steps.length > 0) yield;
      steps.push(this.perform(changes));
    }
    this.head = commit.revision;
    this.tokens.prune();
    return joinSteps(steps);
  }

  /**
   * Asks `question` of the policy as it would be after `changes`, and leaves it as it was. The question must not
   * keep anything lazy: when this returns, the changes are undone.
   */
  whatIf<T>(changes: readonly PolicyChange[], question: (change: WhatIf) => T): T {
    const undo = undoOf(changes, this.store);
    const done = this.perform(changes);
    try {
      return question(done);
    } finally {
      this.settle(undo);
      this.held.takeBack(done);
    }
  }

  stats(): PolicyStats {
    return {
      familiesHeld: this.table.size,
      familiesDerived: this.rendered.families,
      entriesRendered: this.rendered.entries,
      selectorsEvaluated: this.index.selectorsEvaluated,
      holdingsVisited: this.held.visited,
    };
  }

  grantsNamingIn(clusterUid: string, subjectUid: string): Iterable<CompiledGrant> {
    return this.links.grantsNamingIn(clusterUid, subjectUid);
  }

  grantsReaching(clusterUid: string): Iterable<CompiledGrant> {
    return this.store.grantsOf(this.links.grantsOf(clusterUid));
  }

  reaches(grantUid: string, clusterUid: string): boolean {
    return this.store.partsOf(grantUid).some(({ uid }) => this.links.reaches(uid, clusterUid));
  }

  familiesOf(grantUid: string, clusterUid?: string): readonly Family[] {
    return this.store
      .partsOf(grantUid)
      .filter(({ uid }) => clusterUid === undefined || this.links.reaches(uid, clusterUid))
      .flatMap(({ uid }) => this.links.familyOf(uid) ?? []);
  }

  clustersReachedBy(grantUid: string): ReadonlySet<string> {
    const parts = this.store.partsOf(grantUid);
    return new Set(parts.flatMap(({ uid }) => [...this.links.clustersOf(uid)]));
  }

  subjectIn(cluster: PolicyCluster, user: PolicyUser): string {
    return this.subjects.in(cluster, user);
  }

  entry(clusterUid: string, key: string): Intent | undefined {
    return this.inClusters.entry(clusterUid, key);
  }

  entries(clusterUid: string): Iterable<Intent> {
    return this.inClusters.of(clusterUid);
  }

  *keys(clusterUid: string): Iterable<string> {
    for (const { key } of this.entries(clusterUid)) yield key;
  }

  counts(clusterUid: string): SectionCounts {
    return this.inClusters.counts(clusterUid);
  }

  coarseDepartures(clusterUid: string): CoarseDepartures | undefined {
    return this.tokens.coarseDepartures(clusterUid);
  }

  triples(clusterUid?: string): number {
    return this.held.triples(clusterUid);
  }

  get people(): number {
    return this.held.holders.people;
  }

  private perform(changes: readonly PolicyChange[]): WhatIf {
    const { record, touched, differences } = this.settle(changes);
    const before: WhatIf['before'] = (cluster, key) => record.before(cluster, key);
    return { touched, before, ...this.held.follow(record, differences) };
  }

  /** Makes the changes, and leaves it to the caller to count what people hold. */
  private settle(changes: readonly PolicyChange[]): {
    readonly record: CommitRecord;
    readonly touched: Touched;
    readonly differences: RenderedDifferences;
  } {
    const record = new CommitRecord();
    for (const change of changes) {
      this.tokens.note(change, record);
      this.namespaces.note(change, record);
      this.applier.change(change, record);
    }
    this.tokens.noteBindings(record);
    const { instances, entries } = renderDirty(record);
    this.rendered.families += instances;
    this.rendered.entries += entries;
    const differences = new RenderedDifferences();
    const touched = touchedBy(record, this.now, differences);
    return { record, touched, differences };
  }
}
