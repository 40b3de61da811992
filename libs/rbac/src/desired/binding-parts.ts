import { compareText, type Digests, type Millis } from '@ambit/kernel';
import { maxSubjectsPerObject } from '../model.ts';
import { shardSubjects } from '../naming/shard-subjects.ts';
import type { Entry } from './entry.ts';
import { sameTexts, sortedUnique } from './sorted-texts.ts';

/** The content of one binding. One instance serves every namespace with the same intents. */
export interface BindingPart {
  readonly shard: string;
  readonly subjects: readonly string[];
  /** Keys of the intents behind it, sorted. */
  readonly intents: readonly string[];
  readonly grants: readonly string[];
  /** The earliest of their ends. */
  readonly notAfter: Millis | undefined;
}

/** The union of what the entries give, in as few objects as hold it. */
export function assembleParts(entries: readonly Entry[], digests: Digests): BindingPart[] {
  const only = entries.length === 1 ? entries[0] : undefined;
  if (only !== undefined && only.subjects.length <= maxSubjectsPerObject) {
    return [partOf('', only.subjects, entries)];
  }
  const union = entries.flatMap(({ subjects }) => subjects);
  const shards = shardSubjects(union, digests);
  return shards.map(({ shard, subjects }) => {
    if (shards.length === 1) return partOf(shard, subjects, entries);
    const members = new Set(subjects);
    const behind = entries.filter((entry) => entry.subjects.some((one) => members.has(one)));
    return partOf(shard, subjects, behind);
  });
}

/** True when both make the same object. */
export function samePart(a: BindingPart, b: BindingPart): boolean {
  if (a === b) return true;
  return (
    a.notAfter === b.notAfter && sameTexts(a.subjects, b.subjects) && sameTexts(a.grants, b.grants)
  );
}

function partOf(
  shard: string,
  subjects: readonly string[],
  entries: readonly Entry[],
): BindingPart {
  const only = entries.length === 1 ? entries[0] : undefined;
  if (only !== undefined) {
    const { key, grants, notAfter } = only;
    return { shard, subjects, intents: [key], grants, notAfter };
  }
  const ends = entries.flatMap(({ notAfter }) => notAfter ?? []);
  return {
    shard,
    subjects,
    intents: entries.map(({ key }) => key).sort(compareText),
    grants: sortedUnique(entries.flatMap(({ grants }) => grants)),
    // An object that outlives one of its ends would outlive it in an agent that has lost its state.
    notAfter: ends.length === 0 ? undefined : Math.min(...ends),
  };
}
