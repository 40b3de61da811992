import { compareText } from '@ambit/kernel';
import { namingOf } from '../names/cluster-naming.ts';
import type { PolicyUser } from '../policy-objects.ts';
import type { CommitRecord } from './commit-record.ts';
import { placesOfFamily, type Family } from './family.ts';
import {
  FamilyDifferences,
  type FamilyDifference,
  type NamingChange,
} from './family-differences.ts';
import { nothingRendered } from './instance-surroundings.ts';
import type { FamilyTable } from './family-table.ts';
import type { GrantLinks } from './grant-links.ts';
import type { HoldingChange } from './policy-view.ts';
import type { PolicyStore } from './policy-store.ts';
import type { RenderedDifferences } from './settle-commit.ts';
import { configKey } from './single-entries.ts';
import type { Subjects } from './subjects.ts';

interface Tally {
  added: number;
  removed: number;
  readonly gain: Set<string>;
  readonly lose: Set<string>;
}

export interface HeldPolicy {
  readonly store: PolicyStore;
  readonly links: GrantLinks;
  readonly table: FamilyTable;
  readonly subjects: Subjects;
}

/**
 * Who holds more or less by a commit that was just made, cluster by cluster. It looks at people whose entries changed
 * and at what these people hold in that cluster, and at nothing else: what it costs depends on the commit and not on
 * the size of the policy.
 */
export class HoldingChanges {
  /** Grants and people looked at so far. */
  visited = 0;
  private readonly policy: HeldPolicy;

  constructor(policy: HeldPolicy) {
    this.policy = policy;
  }

  /** For every cluster in which somebody's entries changed. */
  of(record: CommitRecord, rendered: RenderedDifferences): Map<string, HoldingChange> {
    const commit = new CommitHoldings(this.policy, record, rendered);
    const changes = new Map<string, HoldingChange>();
    for (const cluster of new Set([...record.families.keys(), ...record.denials.keys()])) {
      changes.set(cluster, commit.in(cluster));
    }
    this.visited += commit.visited;
    return changes;
  }
}

class CommitHoldings {
  visited = 0;
  private readonly policy: HeldPolicy;
  private readonly record: CommitRecord;
  private readonly differences: FamilyDifferences;
  /** Users whose name or activity the commit may have changed, by the name they had. */
  private readonly formerUsers = new Map<string, PolicyUser>();
  /** Clusters that differ in the same way share one answer. */
  private readonly answers = new Map<string, HoldingChange>();

  constructor(policy: HeldPolicy, record: CommitRecord, rendered: RenderedDifferences) {
    this.policy = policy;
    this.record = record;
    this.differences = new FamilyDifferences(rendered, policy.subjects);
    for (const user of record.users.values()) {
      if (user !== undefined) this.formerUsers.set(user.name, user);
    }
  }

  in(cluster: string): HoldingChange {
    const families = this.familiesOf(cluster);
    const turned = this.turnedIn(cluster);
    if (families.some((each) => this.overlaps(cluster, each))) {
      return closed(this.byPerson(cluster, families, turned));
    }
    const address = `${families.map(({ id }) => id).join(' ')}/${[...turned].join(' ')}`;
    let answer = this.answers.get(address);
    if (answer === undefined) this.answers.set(address, (answer = this.byFamily(families, turned)));
    if (turned.size === 0) return answer;
    const among = families.map((each) => onlyOf(turned, each));
    return together(answer, closed(this.byPerson(cluster, among, turned)));
  }

  private familiesOf(cluster: string): FamilyDifference[] {
    const naming = this.namingIn(cluster);
    const found: FamilyDifference[] = [];
    for (const [text, before] of this.record.families.get(cluster) ?? []) {
      const family = this.record.familyOf.get(text);
      const after = this.policy.table.at(cluster, text)?.rendered ?? nothingRendered;
      const difference = family && this.differences.between(family, [before, after], naming);
      if (difference !== undefined) found.push(difference);
    }
    return found;
  }

  private namingIn(cluster: string): NamingChange {
    const now = this.policy.store.clusters.get(cluster);
    const config = this.record.singles.get(cluster)?.get(configKey);
    const after = now === undefined ? '' : namingOf(now);
    return { before: config?.section === 'CONFIG' ? namingOf(config) : after, after };
  }

  /** People who may be active on one side only, or under another name. */
  private turnedIn(cluster: string): Set<string> {
    const names = new Set<string>();
    for (const uid of this.record.denials.get(cluster) ?? []) {
      const [before, now] = [this.record.users.get(uid), this.policy.store.users.get(uid)];
      if (before !== undefined) names.add(before.name);
      if (now !== undefined) names.add(now.name);
    }
    return names;
  }

  /** True when somebody may lose a place by the family and keep it by another one of the cluster. */
  private overlaps(cluster: string, { family, gained, lost }: FamilyDifference): boolean {
    const before = this.record.families.get(cluster);
    const stands = (text: string): boolean =>
      this.policy.table.at(cluster, text) !== undefined || before?.has(text) === true;
    const most = gained.size + lost.size;
    return this.policy.table.places.shared(family, stands, most);
  }

  /** Of people who hold no place of these families in another way, and who are as active as before. */
  private byFamily(
    families: readonly FamilyDifference[],
    except: ReadonlySet<string>,
  ): HoldingChange {
    const tally = emptyTally();
    for (const { family, gained, lost } of families) {
      const places = placesOfFamily(family).length;
      for (const name of gained) {
        if (!except.has(name) && this.nowUser(name)?.active) note(tally, name, [places, 0]);
      }
      for (const name of lost) {
        if (!except.has(name) && this.formerUser(name)?.active) note(tally, name, [0, places]);
      }
      this.visited += gained.size + lost.size;
    }
    return closed(tally);
  }

  private byPerson(
    cluster: string,
    families: readonly FamilyDifference[],
    turned: ReadonlySet<string>,
  ): Tally {
    const tally = emptyTally();
    const gained = byName(families, 'gained');
    const lost = byName(families, 'lost');
    for (const name of new Set([...gained.keys(), ...lost.keys(), ...turned])) {
      const now = this.heldNow(cluster, name);
      const before = new Map(now);
      for (const family of gained.get(name) ?? []) before.delete(family.text);
      for (const family of lost.get(name) ?? []) before.set(family.text, family);
      const has = placesOf(this.nowUser(name), now);
      const had = placesOf(this.formerUser(name), before);
      note(tally, name, [countMissing(has, had), countMissing(had, has)]);
      this.visited++;
    }
    return tally;
  }

  /** The families by which the person of this name stands in the cluster now, whether active or not. */
  private heldNow(cluster: string, name: string): Map<string, Family> {
    const held = new Map<string, Family>();
    const user = this.nowUser(name);
    if (user === undefined) return held;
    const { links } = this.policy;
    for (const grant of links.grantsOfUserIn(cluster, user.uid)) {
      this.visited++;
      const family = links.reaches(grant, cluster) ? links.familyOf(grant) : undefined;
      if (family !== undefined) held.set(family.text, family);
    }
    return held;
  }

  private nowUser(name: string): PolicyUser | undefined {
    const user = this.policy.store.byName('User', name);
    return user?.kind === 'User' ? user : undefined;
  }

  private formerUser(name: string): PolicyUser | undefined {
    const former = this.formerUsers.get(name);
    if (former !== undefined) return former;
    const user = this.nowUser(name);
    return user === undefined || this.record.users.has(user.uid) ? undefined : user;
  }
}

const emptyTally = (): Tally => ({ added: 0, removed: 0, gain: new Set(), lose: new Set() });

function note(tally: Tally, name: string, [added, removed]: readonly [number, number]): void {
  tally.added += added;
  tally.removed += removed;
  if (added > 0) tally.gain.add(name);
  if (removed > 0) tally.lose.add(name);
}

const closed = ({ added, removed, gain, lose }: Tally): HoldingChange => ({
  added,
  removed,
  gain: [...gain].sort(compareText),
  lose: [...lose].sort(compareText),
});

function together(a: HoldingChange, b: HoldingChange): HoldingChange {
  if (b.added + b.removed === 0) return a;
  return {
    added: a.added + b.added,
    removed: a.removed + b.removed,
    gain: [...a.gain, ...b.gain].sort(compareText),
    lose: [...a.lose, ...b.lose].sort(compareText),
  };
}

function onlyOf(names: ReadonlySet<string>, difference: FamilyDifference): FamilyDifference {
  const among = (all: ReadonlySet<string>): Set<string> =>
    new Set([...names].filter((name) => all.has(name)));
  return { ...difference, gained: among(difference.gained), lost: among(difference.lost) };
}

function byName(
  families: readonly FamilyDifference[],
  side: 'gained' | 'lost',
): Map<string, Family[]> {
  const found = new Map<string, Family[]>();
  for (const difference of families) {
    for (const name of difference[side]) {
      const list = found.get(name);
      if (list === undefined) found.set(name, [difference.family]);
      else list.push(difference.family);
    }
  }
  return found;
}

function placesOf(
  user: PolicyUser | undefined,
  families: ReadonlyMap<string, Family>,
): ReadonlySet<string> {
  const places = new Set<string>();
  if (user?.active !== true) return places;
  for (const family of families.values()) {
    for (const place of placesOfFamily(family)) places.add(place);
  }
  return places;
}

function countMissing(texts: ReadonlySet<string>, from: ReadonlySet<string>): number {
  let count = 0;
  for (const text of texts) if (!from.has(text)) count++;
  return count;
}
