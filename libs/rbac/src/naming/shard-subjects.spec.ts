import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { digests } from '../../test/digests.ts';
import { shardSubjects } from './shard-subjects.ts';

const people = Array.from({ length: 3_000 }, (_, index) => `ambit:user-${index}`);
const subjects = fc.subarray(people.slice(0, 60));

const hashes = new Map<string, string>();

/** The first 32 bits of a subject's hash. */
function bits(subject: string): string {
  const known = hashes.get(subject);
  if (known !== undefined) return known;
  const bytes = digests.sha256(digests.utf8(subject)).slice(0, 4);
  const text = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  hashes.set(subject, text);
  return text;
}

describe('shards of subjects', () => {
  test('they hold each subject once, under a prefix of its hash, and no prefix could be shorter', () => {
    fc.assert(
      fc.property(subjects, fc.integer({ min: 1, max: 8 }), (list, limit) => {
        const shards = shardSubjects(list, digests, limit);
        expect(shards.flatMap((shard) => shard.subjects).sort()).toEqual([...list].sort());
        for (const { shard, subjects: members } of shards) {
          expect(members.length).toBeLessThanOrEqual(limit);
          expect(members.every((subject) => bits(subject).startsWith(shard))).toBe(true);
          if (shard === '') continue;
          const parent = shard.slice(0, -1);
          const under = list.filter((subject) => bits(subject).startsWith(parent));
          expect(under.length).toBeGreaterThan(limit);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('they depend on the set alone, not on order or repetition', () => {
    fc.assert(
      fc.property(subjects, fc.integer({ min: 1, max: 8 }), (list, limit) => {
        const shards = shardSubjects(list, digests, limit);
        expect(shardSubjects([...list, ...list].reverse(), digests, limit)).toEqual(shards);
      }),
    );
  });

  test('5,000 subjects go into objects of at most 256, and one more touches one of them', () => {
    const many = Array.from({ length: 5_000 }, (_, index) => `ambit:person-${index}`);
    const before = shardSubjects(many, digests);
    const after = shardSubjects([...many, 'ambit:newcomer'], digests);
    expect(Math.max(...before.map((shard) => shard.subjects.length))).toBeLessThanOrEqual(256);
    const text = (shard: unknown): string => JSON.stringify(shard);
    const known = new Set(before.map(text));
    expect(after.filter((shard) => !known.has(text(shard))).length).toBeLessThanOrEqual(2);
    expect(after.length - before.length).toBeLessThanOrEqual(1);
  });

  test('256 are one object, 257 are two', () => {
    expect(shardSubjects(people.slice(0, 256), digests).map(({ shard }) => shard)).toEqual(['']);
    expect(shardSubjects(people.slice(0, 257), digests).map(({ shard }) => shard)).toEqual([
      '0',
      '1',
    ]);
    expect(shardSubjects([], digests)).toEqual([]);
  });
});
