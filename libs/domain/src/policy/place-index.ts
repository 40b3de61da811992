import { placesOfFamily, type Family } from './family.ts';
import { SetIndex } from './set-index.ts';

/**
 * Which families give a place. Nearly always one does; where several do, a person who loses it by one may keep it by
 * another. A family that vanishes stays here until `settle`, so that within a commit both sides are known.
 */
export class PlaceIndex {
  private readonly families = new SetIndex();
  private readonly vanished = new Map<string, Family>();

  add(family: Family): void {
    this.vanished.delete(family.text);
    for (const place of placesOfFamily(family)) this.families.add(place, family.text);
  }

  /** Places that several families give, with their texts. */
  shareable(): Iterable<ReadonlySet<string>> {
    return this.families.several();
  }

  remove(family: Family): void {
    this.vanished.set(family.text, family);
  }

  /** Forgets what vanished since the last call. */
  settle(): void {
    for (const family of this.vanished.values()) {
      for (const place of placesOfFamily(family)) this.families.delete(place, family.text);
    }
    this.vanished.clear();
  }

  /**
   * True when another family for which `stands` holds gives a place of this one. Looks at no more than `most` others and
   * answers true when there are more: then looking at each person costs less.
   */
  shared(family: Family, stands: (familyText: string) => boolean, most: number): boolean {
    let looked = 0;
    for (const place of placesOfFamily(family)) {
      for (const text of this.families.get(place)) {
        if (text === family.text) continue;
        if (++looked > most || stands(text)) return true;
      }
    }
    return false;
  }
}
