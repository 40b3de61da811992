import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hex, type Digests } from '@ambit/kernel';
import { bytesOf, nodeDigests, treeOf } from './session.test-support.ts';
import { SharedTree, TreeGround } from './shared-tree.ts';

type Texts = Readonly<Record<string, string>>;

const textsArbitrary = fc.dictionary(
  fc.string({ minLength: 1, maxLength: 4 }).map((text) => `BINDING/${text}`),
  fc.string({ maxLength: 6 }),
  { maxKeys: 60 },
);

/** Equal texts become the same entry, as equal intents do in the policy. */
function groundOf(digests: Digests): (texts: Texts) => SharedTree<string> {
  const ground = new TreeGround<string>(digests);
  const known = new Map<string, ReturnType<typeof ground.entry>>();
  return (texts) =>
    SharedTree.of(
      ground,
      Object.entries(texts).map(([key, text]) => {
        const entry = known.get(`${key} ${text}`) ?? ground.entry(key, bytesOf(text), text);
        known.set(`${key} ${text}`, entry);
        return entry;
      }),
    );
}

describe('SharedTree', () => {
  test('has the roots, the sections and the entries of a tree of its own', () => {
    fc.assert(
      fc.property(fc.array(textsArbitrary, { minLength: 1, maxLength: 5 }), (clusters) => {
        const treeFrom = groundOf(nodeDigests);
        for (const texts of clusters) {
          const tree = treeFrom(texts);
          const oracle = treeOf(texts);
          expect(hex(tree.root)).toBe(hex(oracle.root));
          expect([...tree.sections].sort()).toEqual([...oracle.sections].sort());
          const held = Array.from(tree.entries(), ({ key, value }) => [key, value]);
          expect(Object.fromEntries(held)).toEqual({ ...texts });
        }
      }),
    );
  });

  test('goes from any state to any other with the root of the other, and back', () => {
    fc.assert(
      fc.property(textsArbitrary, textsArbitrary, (before, after) => {
        const ground = new TreeGround<string>(nodeDigests);
        const entriesOf = (texts: Texts) =>
          Object.entries(texts).map(([key, text]) => ground.entry(key, bytesOf(text), text));
        const tree = SharedTree.of(ground, entriesOf(before));
        const there = tree.with({ remove: Object.keys(before), put: entriesOf(after) });
        expect(hex(there.root)).toBe(hex(treeOf(after).root));
        for (const [key, text] of Object.entries(after)) expect(there.get(key)?.value).toBe(text);
        const back = there.with({ remove: Object.keys(after), put: entriesOf(before) });
        expect(hex(back.root)).toBe(hex(tree.root));
        expect(hex(tree.root)).toBe(hex(treeOf(before).root));
        expect([...back.sections]).toEqual([...tree.sections]);
      }),
    );
  });

  test('a second cluster with the same entries hashes its root alone, and one change a root more', () => {
    let hashes = 0;
    const counting: Digests = {
      utf8: nodeDigests.utf8,
      sha256: (bytes) => {
        hashes++;
        return nodeDigests.sha256(bytes);
      },
    };
    const ground = new TreeGround<string>(counting);
    const entries = Array.from({ length: 500 }, (_, at) =>
      ground.entry(`BINDING/${at}`, bytesOf('x'), 'x'),
    );
    const trees = [SharedTree.of(ground, entries)];
    hashes = 0;
    trees.push(SharedTree.of(ground, entries));
    expect(hashes).toBe(1);
    const put = [ground.entry('BINDING/new', bytesOf('y'), 'y')];
    const [first, second] = trees;
    hashes = 0;
    first?.with({ put });
    // The bucket, the node and the root.
    expect(hashes).toBe(3);
    hashes = 0;
    second?.with({ put });
    expect(hashes).toBe(1);
    hashes = 0;
    expect(first?.get('BINDING/new')).toBeUndefined();
    expect(second?.get('BINDING/7')?.value).toBe('x');
    expect(hashes).toBe(0);
  });
});
