import type { Ceiling } from '../ceiling/ceiling.ts';
import { subjectRefusal } from '../ceiling/subject-refusal.ts';
import type { Mask } from './desired-object.ts';
import type { Entry } from './entry.ts';

/** What changed for which intents: whole entries by key, and subjects wherever they stand. */
export interface FilterChange {
  readonly everything: boolean;
  readonly keys: ReadonlySet<string>;
  readonly subjects: ReadonlySet<string>;
}

/** Who may not be bound: denied users, masked subjects, and names the ceiling refuses. */
export class SubjectFilter {
  /** DENY entries by key; two may name the same subject. */
  readonly #denies = new Map<string, string>();
  /** Values of `#denies`; undefined when they have to be gathered anew. */
  #denied: ReadonlySet<string> | undefined;
  #masks = readMasks([]);

  setDeny(key: string, subject: string | undefined): ReadonlySet<string> {
    const changed = new Set<string>();
    const before = this.#denies.get(key);
    if (before !== undefined) changed.add(before);
    if (subject === undefined) this.#denies.delete(key);
    else {
      this.#denies.set(key, subject);
      changed.add(subject);
    }
    this.#denied = undefined;
    return changed;
  }

  setMasks(masks: Iterable<Mask>): FilterChange {
    const before = this.#masks;
    const after = readMasks(masks);
    this.#masks = after;
    return {
      everything: before.everything !== after.everything,
      keys: new Set([...before.byKey.keys(), ...after.byKey.keys()]),
      subjects: new Set([
        ...[...before.subjects].filter((subject) => !after.subjects.has(subject)),
        ...[...after.subjects].filter((subject) => !before.subjects.has(subject)),
      ]),
    };
  }

  /** The subjects of an entry that are left, the same list when all are; and those the ceiling refuses. */
  apply(
    { key, given: subjects, subjectKind }: Pick<Entry, 'key' | 'given' | 'subjectKind'>,
    ceiling: Ceiling,
  ): { readonly left: readonly string[]; readonly refused: readonly string[] } {
    const masked = this.#masks.byKey.get(key);
    if (this.#masks.everything || masked?.has('') === true) return { left: [], refused: [] };
    const denied = (this.#denied ??= new Set(this.#denies.values()));
    const out = (subject: string): boolean =>
      denied.has(subject) || this.#masks.subjects.has(subject) || masked?.has(subject) === true;
    const refused: string[] = [];
    const left = subjects.filter((subject) => {
      if (subjectRefusal(subject, ceiling, subjectKind) === undefined) return !out(subject);
      refused.push(subject);
      return false;
    });
    return { left: left.length === subjects.length ? subjects : left, refused };
  }
}

interface MaskSets {
  everything: boolean;
  readonly subjects: Set<string>;
  /** The empty subject means all. */
  readonly byKey: Map<string, Set<string>>;
}

function readMasks(masks: Iterable<Mask>): MaskSets {
  const sets: MaskSets = { everything: false, subjects: new Set(), byKey: new Map() };
  for (const { key, subject } of masks) {
    if (key === '' && subject === '') sets.everything = true;
    else if (key === '') sets.subjects.add(subject);
    else {
      const subjects = sets.byKey.get(key);
      if (subjects === undefined) sets.byKey.set(key, new Set([subject]));
      else subjects.add(subject);
    }
  }
  return sets;
}
