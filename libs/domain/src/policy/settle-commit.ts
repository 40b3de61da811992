import type { Intent, SubjectMode } from '@ambit/rbac';
import type { CommitRecord } from './commit-record.ts';
import type { FamilyEntries, FamilyPlace, Rendered } from './instance-surroundings.ts';
import { configKey, denyKey } from './single-entries.ts';

/** Equality of entries, regardless of the order their fields were written in. */
export function sameEntry(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && sameList(a, b);
  return isRecord(a) && isRecord(b) && sameFields(a, b);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((each, index) => sameEntry(each, b[index]));
}

function sameFields(
  a: Readonly<Record<string, unknown>>,
  b: Readonly<Record<string, unknown>>,
): boolean {
  const left = Object.entries(a).filter(([, value]) => value !== undefined);
  const right = new Map(Object.entries(b).filter(([, value]) => value !== undefined));
  return (
    left.length === right.size && left.every(([key, value]) => sameEntry(value, right.get(key)))
  );
}

/** Keys whose entries differ between two renderings of one family. Memoised: clusters share renderings. */
export class RenderedDifferences {
  private readonly known = new Map<Rendered, Map<Rendered, ReadonlySet<string>>>();

  between(before: Rendered, after: Rendered): ReadonlySet<string> {
    let row = this.known.get(before);
    if (row === undefined) this.known.set(before, (row = new Map()));
    let keys = row.get(after);
    if (keys === undefined) row.set(after, (keys = differentKeys(before, after)));
    return keys;
  }
}

function differentKeys(before: Rendered, after: Rendered): ReadonlySet<string> {
  const keys = new Set<string>();
  if (before === after) return keys;
  for (const [key, entry] of before) {
    if (!sameEntry(entry, after.get(key))) keys.add(key);
  }
  for (const key of after.keys()) if (!before.has(key)) keys.add(key);
  return keys;
}

/** Renders what the commit changed. Returns how many instances and entries were rendered. */
export function renderDirty(record: CommitRecord): { instances: number; entries: number } {
  let instances = 0;
  let entries = 0;
  for (const instance of record.dirtyInstances) {
    if (instance.clusterCount === 0 || !instance.dirty) continue;
    instances++;
    entries += instance.render();
  }
  return { instances, entries };
}

/** What a cluster holds at this moment, as far as a commit may have changed it. */
export interface EntriesNow {
  /** What it holds of a family, and held before, given what that was by people and the mode the cluster was in. */
  settleFamily(where: FamilyPlace, before: Rendered, mode?: SubjectMode): FamilyEntries;
  /** A CONFIG, ROLE or DENY entry. */
  single(clusterUid: string, key: string): Intent | undefined;
  /** Brings the DENY entry of a user up to date and returns the one before. */
  settleDenial(clusterUid: string, userUid: string): Intent | undefined;
  /** Told how the number of BINDING entries changed. */
  countBindings(clusterUid: string, by: number): void;
}

/** The clusters and keys the commit touched, compared with what was before it. */
export function touchedBy(
  record: CommitRecord,
  state: EntriesNow,
  differences: RenderedDifferences,
): Map<string, Set<string>> {
  const touched = new Map<string, Set<string>>();
  const keysOf = (cluster: string): Set<string> => {
    let keys = touched.get(cluster);
    if (keys === undefined) touched.set(cluster, (keys = new Set()));
    return keys;
  };
  for (const cluster of record.clusters) keysOf(cluster);
  for (const [cluster, families] of record.families) {
    const keys = keysOf(cluster);
    const mode = modeBefore(record, cluster);
    for (const [family, people] of families) {
      const { before, after } = state.settleFamily({ cluster, family }, people, mode);
      if (before !== people) record.told(cluster, family, before);
      for (const key of differences.between(before, after)) keys.add(key);
      state.countBindings(cluster, after.size - before.size);
    }
  }
  settleDenials(record, state);
  for (const [cluster, singles] of record.singles) {
    const keys = keysOf(cluster);
    for (const [key, before] of singles) {
      if (!sameEntry(before, state.single(cluster, key))) keys.add(key);
    }
  }
  return touched;
}

function settleDenials(record: CommitRecord, state: EntriesNow): void {
  for (const [cluster, users] of record.denials) {
    for (const user of users) {
      const before = state.settleDenial(cluster, user);
      record.single(cluster, denyKey(user), () => before);
    }
  }
}

/** Undefined when the commit did not touch the cluster itself. */
function modeBefore({ singles }: CommitRecord, cluster: string): SubjectMode | undefined {
  const config = singles.get(cluster)?.get(configKey);
  return config?.section === 'CONFIG' ? config.subjectMode : undefined;
}
