import type { ClusterNaming } from '../names/cluster-naming.ts';
import type { Family } from './family.ts';
import type { Rendered } from './instance-surroundings.ts';
import type { RenderedDifferences } from './settle-commit.ts';
import type { Subjects } from './subjects.ts';

/** How a cluster names people, before a commit and after it. */
export interface NamingChange {
  readonly before: ClusterNaming;
  readonly after: ClusterNaming;
}

/** Who stands in a family on one side of a commit only, by name. The same object for every cluster it is true of. */
export interface FamilyDifference {
  /** Tells it from the other differences of the commit. */
  readonly id: number;
  readonly family: Family;
  readonly gained: ReadonlySet<string>;
  readonly lost: ReadonlySet<string>;
}

/** Differences between renderings of families by name of person. Memoised: clusters share renderings. */
export class FamilyDifferences {
  private readonly known = new Map<Rendered, Map<Rendered, FamilyDifference>>();
  private readonly rendered: RenderedDifferences;
  private readonly subjects: Subjects;
  private lastId = 0;

  constructor(rendered: RenderedDifferences, subjects: Subjects) {
    this.rendered = rendered;
    this.subjects = subjects;
  }

  /** Undefined when the same people stand in both. A rendering has one naming, so the two tell that too. */
  between(
    family: Family,
    [before, after]: readonly [Rendered, Rendered],
    naming: NamingChange,
  ): FamilyDifference | undefined {
    if (before === after) return undefined;
    let row = this.known.get(before);
    if (row === undefined) this.known.set(before, (row = new Map<Rendered, FamilyDifference>()));
    let found = row.get(after);
    if (found === undefined) {
      found = this.compare(family, [before, after], naming);
      row.set(after, found);
    }
    return found.gained.size + found.lost.size === 0 ? undefined : found;
  }

  private compare(
    family: Family,
    [before, after]: readonly [Rendered, Rendered],
    naming: NamingChange,
  ): FamilyDifference {
    const lost = new Set<string>();
    const gained = new Set<string>();
    const keys = this.rendered.between(before, after);
    for (const key of keys) {
      for (const subject of before.get(key)?.subjects ?? []) {
        lost.add(this.subjects.holder(naming.before, subject));
      }
    }
    for (const key of keys) {
      for (const subject of after.get(key)?.subjects ?? []) {
        const name = this.subjects.holder(naming.after, subject);
        // Who only moved to another shard stands in both.
        if (!lost.delete(name)) gained.add(name);
      }
    }
    return { id: ++this.lastId, family, gained, lost };
  }
}
