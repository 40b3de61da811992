import { compareText, type Digests } from '@ambit/kernel';
import { maxSubjectsPerObject } from '../model.ts';

/** Subjects of one object: those whose SHA-256 begins with the bits of `shard`. */
export interface Shard {
  /** Text of 0 and 1; empty when all subjects fit into one object. */
  readonly shard: string;
  /** Sorted, unique. */
  readonly subjects: readonly string[];
}

/**
 * Splits a set of subjects into the shortest prefixes of SHA-256(subject) that hold at most `limit` each. It depends on
 * the set alone, so one subject more or less touches one shard, and a split makes two of one.
 */
export function shardSubjects(
  subjects: Iterable<string>,
  digests: Digests,
  limit = maxSubjectsPerObject,
): Shard[] {
  const unique = [...new Set(subjects)].sort(compareText);
  if (unique.length === 0) return [];
  if (unique.length <= limit) return [{ shard: '', subjects: unique }];
  const hashed = unique.map((subject) => ({
    subject,
    hash: digests.sha256(digests.utf8(subject)),
  }));
  const shards: Shard[] = [];
  split(hashed, '', limit, shards);
  return shards;
}

/** Walks the bits from 0 to 1, so that shards come out sorted. */
function split(hashed: readonly Hashed[], prefix: string, limit: number, shards: Shard[]): void {
  if (hashed.length === 0) return;
  // Equal hashes of different subjects do not occur; the end of the hash only bounds the recursion.
  if (hashed.length <= limit || prefix.length === 256) {
    shards.push({ shard: prefix, subjects: hashed.map(({ subject }) => subject) });
    return;
  }
  for (const bit of [0, 1] as const) {
    const half = hashed.filter(({ hash }) => bitOf(hash, prefix.length) === bit);
    split(half, `${prefix}${bit}`, limit, shards);
  }
}

interface Hashed {
  readonly subject: string;
  readonly hash: Uint8Array;
}

function bitOf(hash: Uint8Array, index: number): number {
  return ((hash[index >> 3] ?? 0) >> (7 - (index & 7))) & 1;
}
