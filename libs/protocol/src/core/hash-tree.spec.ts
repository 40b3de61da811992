import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hex, type Digests } from '@ambit/kernel';
import { HashTree } from './hash-tree.ts';
import { bytesOf, nodeDigests, treeOf } from './session.test-support.ts';

const entriesArbitrary = fc.dictionary(
  fc.string({ minLength: 1, maxLength: 6 }).map((text) => `BINDING/${text}`),
  fc.string({ maxLength: 12 }),
  { maxKeys: 60 },
);

describe('HashTree', () => {
  test('has golden roots', () => {
    expect(hex(HashTree.empty(nodeDigests).root)).toBe(
      'bc491ee86332c1dfc202484d57f23f595c4c28fc36e2765afe16e1f9072989fd',
    );
    expect(hex(treeOf({ 'CONFIG/cluster': 'a', 'BINDING/x': 'b', 'BINDING/é': '' }).root)).toBe(
      '2c3a7894801074d22ea8dce6b74522336ebac327d214d24b47d4f0db6493232b',
    );
  });

  test('the order in which entries come does not matter', () => {
    fc.assert(
      fc.property(entriesArbitrary, fc.infiniteStream(fc.nat()), (entries, order) => {
        const pairs = Object.entries(entries);
        const shuffled = pairs
          .map((pair) => ({ pair, at: order.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ pair }) => pair);
        let tree = HashTree.empty(nodeDigests);
        for (const [key, body] of shuffled) tree = tree.with({ put: [[key, bytesOf(body)]] });
        expect(hex(tree.root)).toBe(hex(treeOf(entries).root));
      }),
    );
  });

  test('two sets have the same root exactly when they are the same set', () => {
    fc.assert(
      fc.property(entriesArbitrary, entriesArbitrary, (left, right) => {
        const sorted = (value: object) => JSON.stringify(Object.entries(value).sort());
        const same = sorted(left) === sorted(right);
        expect(hex(treeOf(left).root) === hex(treeOf(right).root)).toBe(same);
      }),
    );
  });

  test('a change and its reverse end where they began and leave the old tree alone', () => {
    fc.assert(
      fc.property(entriesArbitrary, fc.string({ minLength: 1 }), (entries, name) => {
        const key = `ROLE/${name}`;
        const before = treeOf(entries);
        const root = hex(before.root);
        const after = before.with({ put: [[key, bytesOf('x')]] });
        expect(hex(after.root)).not.toBe(root);
        expect(after.size).toBe(before.size + 1);
        expect(hex(after.with({ remove: [key] }).root)).toBe(root);
        expect(hex(before.root)).toBe(root);
      }),
    );
  });

  test('moving bytes between key and body changes the leaf', () => {
    expect(hex(treeOf({ 'BINDING/ab': 'c' }).root)).not.toBe(
      hex(treeOf({ 'BINDING/a': 'bc' }).root),
    );
  });

  test('one change among 10,000 entries hashes one leaf, one bucket, one node and the root', () => {
    const hashed: number[] = [];
    const counting: Digests = {
      utf8: nodeDigests.utf8,
      sha256: (bytes) => {
        hashed.push(bytes.length);
        return nodeDigests.sha256(bytes);
      },
    };
    const many = Array.from(
      { length: 10_000 },
      (_, i) => [`BINDING/${i}`, bytesOf(`${i}`)] as const,
    );
    const tree = HashTree.empty(counting).with({ put: many });
    hashed.length = 0;
    tree.with({ put: [['BINDING/17', bytesOf('changed')]] });
    // The key, the leaf, the bucket, the node and the root.
    expect(hashed).toHaveLength(5);
    expect(hashed.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(32 * 120);
  });

  test('counts entries per section', () => {
    const tree = treeOf({ 'BINDING/1': 'a', 'BINDING/2': 'a', 'ROLE/1': 'a' });
    expect([...tree.sections]).toEqual([
      ['BINDING', 2],
      ['ROLE', 1],
    ]);
    expect([...tree.with({ remove: ['ROLE/1', 'ROLE/none'] }).sections]).toEqual([['BINDING', 2]]);
    expect(tree.has('ROLE/1')).toBe(true);
    expect(tree.leaf('ROLE/2')).toBeUndefined();
    expect([...tree.keys()].sort()).toEqual(['BINDING/1', 'BINDING/2', 'ROLE/1']);
  });
});
