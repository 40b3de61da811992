import { compareText, type Digests } from '@ambit/kernel';
import { departureId } from '@ambit/rbac';
import { groupSubject } from '../names/group-subject.ts';
import type { PolicyCluster, PolicyPlain } from '../policy-objects.ts';
import type { GroupedBindings } from './grouped-bindings.ts';
import type { PolicyStore } from './policy-store.ts';
import { sameEntry } from './settle-commit.ts';
import { leftAt, toldDepartures, type ToldDepartures } from './told-departures.ts';
import { longestTokenMs } from './token-times.ts';

/** What bindings name of groups. */
export type BoundGroups = Pick<GroupedBindings, 'groupsIn' | 'clustersBinding'>;

const forgottenAtOnce = 1_000;
/** Answers for different groups. */
const mostKept = 256;
/** The hour moves by so much at once, so that few departures put more in question than where their groups are bound. */
const stepMs = 600_000;

/**
 * Who left which group within the longest life of a token. Bindings name groups in mode Groups, so that a token that was
 * issued before would go on giving what the group gives. It follows from the objects alone, as `TokenFacts` does.
 *
 * A cluster is told of groups alone that its bindings name: whoever makes groups that nothing names, and lets people leave
 * them, fills no list. They are known by name, as tokens name them: a group that is made again inherits who left the former.
 */
export class LeftGroups {
  private readonly store: PolicyStore;
  private readonly grouped: BoundGroups;
  private readonly digests: Digests;
  private readonly ids = new WeakMap<PolicyPlain, string>();
  /** By the names of the groups that it is about: many clusters name the same. */
  private told = new Map<string, ToldDepartures>();
  /** The same before they were in question: what stays as it was stays the same object, which is compared at a glance. */
  private former = new Map<string, ToldDepartures>();
  private since: number | undefined;
  private keptAfterPruning = 0;

  constructor(store: PolicyStore, grouped: BoundGroups, digests: Digests) {
    this.store = store;
    this.grouped = grouped;
    this.digests = digests;
  }

  /** What a cluster whose bindings name groups is told. */
  in(cluster: PolicyCluster): ToldDepartures {
    const groups = this.boundAndLeft(cluster);
    const key = groups.join('\n');
    const known = this.told.get(key);
    if (known !== undefined) return known;
    if (this.told.size >= mostKept) this.told.clear();
    const [now, before] = [this.read(groups), this.former.get(key)];
    const told = sameEntry(before, now) && before !== undefined ? before : now;
    this.told.set(key, told);
    return told;
  }

  /** True where a cluster binds a group that somebody left. */
  concern(cluster: PolicyCluster): boolean {
    return this.boundAndLeft(cluster).length > 0;
  }

  /** uids of the clusters that bind the group. */
  binding(group: string): Iterable<string> {
    return this.grouped.clustersBinding(group);
  }

  /** The group that a membership was of which ended lately: whether it is there again matters. */
  groupOf(membershipUid: string): string | undefined {
    const left = this.store.leftGroups.get(membershipUid);
    return left && groupLeft(left);
  }

  /** Call before something changes that they follow from. */
  question(): void {
    if (this.told.size === 0) return;
    this.former = this.told;
    this.told = new Map();
  }

  /** Of a departure that is put or goes: true when others count by it that did not, or count no longer. */
  movesTime(before: PolicyPlain | undefined, after: PolicyPlain | undefined): boolean {
    const next = beginBy(after);
    return beginBy(before) > next || next > this.begin();
  }

  /** Call right before that departure is put or goes. */
  moveTime(before: PolicyPlain | undefined, after: PolicyPlain | undefined): void {
    const next = beginBy(after);
    this.since = beginBy(before) > next ? undefined : Math.max(this.begin(), next);
    this.question();
  }

  /** Forgets those that no token can tell of any more, now and then. Not while a change may still be undone. */
  prune(): void {
    const { leftGroups } = this.store;
    if (leftGroups.size < this.keptAfterPruning + forgottenAtOnce) return;
    const since = this.begin();
    for (const left of leftGroups.values()) {
      if (leftAt(left) <= since) this.store.remove('Plain', left.uid);
    }
    this.keptAfterPruning = leftGroups.size;
  }

  /** Departures after this count: the hour is that before the last of all, not that of a clock. */
  private begin(): number {
    if (this.since !== undefined) return this.since;
    let since = -Infinity;
    for (const left of this.store.leftGroups.values()) since = Math.max(since, beginBy(left));
    return (this.since = since);
  }

  /** Names of groups, in an order that is the same for all clusters as long as nobody leaves another. */
  private boundAndLeft({ uid }: PolicyCluster): readonly string[] {
    const { leftOfGroup } = this.store;
    const bound = this.grouped.groupsIn(uid);
    if (leftOfGroup.size <= bound.size * 4)
      return Array.from(leftOfGroup.keys()).filter((group) => bound.has(group));
    return Array.from(bound.keys())
      .filter((group) => leftOfGroup.holds(group))
      .sort(compareText);
  }

  private read(groups: readonly string[]): ToldDepartures {
    const since = this.begin();
    const { leftGroups, leftOfGroup, memberships } = this.store;
    const gone = groups.flatMap((group): [string, PolicyPlain[]][] => {
      const all = Array.from(leftOfGroup.get(group)).flatMap((uid) => leftGroups.get(uid) ?? []);
      const left = all.filter((each) => leftAt(each) > since && !memberships.has(each.uid));
      return left.length === 0 ? [] : [[group, left]];
    });
    return toldDepartures(new Map(gone), {
      of: (left) => this.idOf(left),
      ofAll: (group) => departureId(this.digests, groupSubject(group)),
    });
  }

  private idOf(left: PolicyPlain): string {
    let id = this.ids.get(left);
    if (id === undefined) {
      const { spec } = left;
      id = departureId(this.digests, groupSubject(groupLeft(left)), String(spec['userUid']));
      this.ids.set(left, id);
    }
    return id;
  }
}

/** As it was called when it was left. */
export const groupLeft = ({ spec }: PolicyPlain): string => String(spec['group']);

/** Departures after this count as long as none is later than this one. */
function beginBy(left: PolicyPlain | undefined): number {
  if (left === undefined) return -Infinity;
  const at = leftAt(left);
  return at - (at % stepMs) - longestTokenMs;
}
