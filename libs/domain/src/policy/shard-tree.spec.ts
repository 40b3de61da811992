import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { shardSubjects } from '@ambit/rbac';
import { nodeDigests } from '../../test/node-digests.ts';
import { maxSubjectBytesPerShard, ShardTree, type ShardMember } from './shard-tree.ts';

const digestOf = (subject: string) => nodeDigests.sha256(nodeDigests.utf8(subject));

function treeWith(subjects: readonly string[]) {
  const tree = new ShardTree<ShardMember>(digestOf);
  const members = new Map(subjects.map((subject) => [subject, { subject }]));
  for (const member of members.values()) tree.insert(member);
  return { tree, members };
}

/** Every shard, found through the prefixes that were ever marked. */
function shardsOf(tree: ShardTree<ShardMember>, prefixes: Iterable<string> = tree.dirty) {
  const shards: Record<string, string[]> = {};
  for (const prefix of prefixes) {
    const members = tree.shard(prefix);
    if (members !== undefined) shards[prefix] = Array.from(members, (each) => each.subject).sort();
  }
  return shards;
}

const byRule = (subjects: readonly string[]) =>
  Object.fromEntries(
    shardSubjects(subjects, nodeDigests).map(({ shard, subjects: each }) => [shard, each]),
  );

const names = (count: number) => Array.from({ length: count }, (_, index) => `ambit:user-${index}`);

describe('the tree of shards', () => {
  test.each([0, 1, 256, 257, 600, 5000])('divides %i subjects by the shared rule', (count) => {
    const { tree } = treeWith(names(count));
    expect(tree.size).toBe(count);
    expect(shardsOf(tree)).toEqual(byRule(names(count)));
  });

  test('depends on the set alone, whatever came and went before', () => {
    const all = names(900);
    fc.assert(
      fc.property(fc.array(fc.nat(899), { maxLength: 900 }), fc.nat(899), (leaving, keep) => {
        const { tree, members } = treeWith(all);
        for (const index of new Set(leaving)) {
          const member = members.get(all[index] ?? '');
          if (member !== undefined && index !== keep) tree.remove(member);
        }
        const left = all.filter((_, index) => index === keep || !leaving.includes(index));
        expect(shardsOf(tree)).toEqual(byRule(left));
      }),
      { numRuns: 25 },
    );
  });

  test('one subject more or less marks one shard, a division the old one and the new ones', () => {
    const { tree, members } = treeWith(names(600));
    tree.dirty.clear();
    const extra = { subject: 'ambit:extra' };
    tree.insert(extra);
    expect(tree.dirty.size).toBe(1);
    tree.dirty.clear();
    tree.remove(extra);
    expect(tree.dirty.size).toBe(1);
    const full = treeWith(names(256));
    full.tree.dirty.clear();
    full.tree.insert(extra);
    expect([...full.tree.dirty].sort()).toEqual(['', '0', '1']);
    full.tree.dirty.clear();
    full.tree.remove(extra);
    expect([...full.tree.dirty].sort()).toEqual(['', '0', '1']);
    expect(members.size).toBe(600);
  });

  test('long names divide earlier, so that no shard outgrows an entry', () => {
    const long = Array.from({ length: 256 }, (_, index) => `ambit:${'x'.repeat(240)}${index}`);
    const { tree } = treeWith(long);
    const shards = Object.values(shardsOf(tree));
    expect(shards.flat().sort()).toEqual([...long].sort());
    for (const shard of shards) {
      const bytes = shard.reduce((sum, subject) => sum + subject.length + 3, 0);
      expect(bytes).toBeLessThanOrEqual(maxSubjectBytesPerShard);
    }
  });

  test('a copy stands by itself', () => {
    const { tree } = treeWith(names(400));
    const copy = tree.copy((member) => ({ ...member }));
    copy.insert({ subject: 'ambit:extra' });
    expect(tree.size).toBe(400);
    expect(copy.size).toBe(401);
    expect(shardsOf(copy)).toEqual(byRule([...names(400), 'ambit:extra']));
  });
});
