import type { LabelSelector } from '../intents.ts';
import type { Labels } from '../selectors/selector-matches.ts';

/**
 * Selectors by one label they cannot match without, so that a namespace is compared only with those that may mention
 * it. What only excludes (NotIn, DoesNotExist, or nothing at all) may match any namespace and stands in a list apart.
 */
export class SelectorIndex<T> {
  readonly #byTerm = new Map<string, Set<T>>();
  readonly #always = new Set<T>();

  add(selector: LabelSelector, item: T): void {
    for (const set of this.#sets(selector)) set.add(item);
  }

  remove(selector: LabelSelector, item: T): void {
    for (const set of this.#sets(selector)) set.delete(item);
    for (const term of terms(selector) ?? []) {
      if (this.#byTerm.get(term)?.size === 0) this.#byTerm.delete(term);
    }
  }

  /** Everything that may match these labels, and much less than everything. */
  candidates(labels: Labels): Set<T> {
    const found = new Set(this.#always);
    for (const [key, value] of Object.entries(labels)) {
      for (const item of this.#byTerm.get(keyTerm(key)) ?? []) found.add(item);
      for (const item of this.#byTerm.get(valueTerm(key, value)) ?? []) found.add(item);
    }
    return found;
  }

  #sets(selector: LabelSelector): Set<T>[] {
    const names = terms(selector);
    if (names === undefined) return [this.#always];
    return names.map((name) => {
      const known = this.#byTerm.get(name);
      if (known !== undefined) return known;
      const made = new Set<T>();
      this.#byTerm.set(name, made);
      return made;
    });
  }
}

/** No label key holds a line break, so terms of keys and of values never meet. */
function keyTerm(key: string): string {
  return key;
}

function valueTerm(key: string, value: string): string {
  return `${key}\n${value}`;
}

function terms({ requirements }: LabelSelector): string[] | undefined {
  const valued = requirements.find(({ operator }) => operator === 'In');
  if (valued !== undefined) return valued.values.map((value) => valueTerm(valued.key, value));
  const keyed = requirements.find(({ operator }) => operator === 'Exists');
  return keyed === undefined ? undefined : [keyTerm(keyed.key)];
}
