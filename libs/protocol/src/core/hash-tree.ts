import { compareText, type Digests } from '@ambit/kernel';
import {
  bucketDigest,
  bucketOf,
  fanOut,
  leafOf,
  nodeDigest,
  rootDigest,
  sectionOf,
} from './hash-rules.ts';

export interface TreeChange {
  readonly put?: Iterable<readonly [key: string, body: Uint8Array]>;
  readonly remove?: Iterable<string>;
}

/**
 * The entries whose key's SHA-256 begins with the same byte. Keys are sorted; their leaves lie one after the other
 * in one array, because ten thousand small arrays would cost an agent megabytes.
 */
interface Bucket {
  readonly keys: readonly string[];
  readonly leaves: Uint8Array;
  readonly digest: Uint8Array;
}

const leafBytes = 32;

/**
 * SHA-256 over the set of entries of a state: leaves in 256 buckets in 16 nodes under one root. Immutable; a
 * change copies only the buckets it touches, so that one changed entry hashes one leaf, one bucket and two nodes.
 * Not a sum of hashes: sums can be forged.
 */
export class HashTree {
  /** 32 bytes that stand for exactly this set of keys and bodies. */
  readonly root: Uint8Array;
  /** Number of entries. */
  readonly size: number;
  /** Number of entries per section, the part of the key before its first slash. */
  readonly sections: ReadonlyMap<string, number>;
  readonly #digests: Digests;
  readonly #buckets: readonly Bucket[];
  readonly #nodes: readonly Uint8Array[];

  private constructor(
    digests: Digests,
    buckets: readonly Bucket[],
    nodes: readonly Uint8Array[],
    sections: ReadonlyMap<string, number>,
  ) {
    this.#digests = digests;
    this.#buckets = buckets;
    this.#nodes = nodes;
    this.sections = sections;
    this.size = [...sections.values()].reduce((sum, count) => sum + count, 0);
    this.root = rootDigest(digests, nodes);
  }

  static empty(digests: Digests): HashTree {
    const bucket: Bucket = {
      keys: [],
      leaves: new Uint8Array(),
      digest: bucketDigest(digests, []),
    };
    const buckets = Array.from({ length: fanOut * fanOut }, () => bucket);
    const node = nodeDigest(
      digests,
      buckets.slice(0, fanOut).map((each) => each.digest),
    );
    return new HashTree(
      digests,
      buckets,
      Array.from({ length: fanOut }, () => node),
      new Map(),
    );
  }

  /** The tree after the removals and then the puts. This tree stays as it is. */
  with(change: TreeChange): HashTree {
    const touched = new Map<number, Map<string, Uint8Array | undefined>>();
    const note = (key: string, body: Uint8Array | undefined): void => {
      const index = this.#indexOf(key);
      const changes = touched.get(index);
      if (changes === undefined) touched.set(index, new Map([[key, body]]));
      else changes.set(key, body);
    };
    for (const key of change.remove ?? []) note(key, undefined);
    for (const [key, body] of change.put ?? []) note(key, body);
    if (touched.size === 0) return this;
    const buckets = [...this.#buckets];
    const sections = new Map(this.sections);
    for (const [index, changes] of touched) {
      const leaves = this.#opened(index);
      for (const [key, body] of changes) this.#change(leaves, sections, key, body);
      buckets[index] = this.#sealed(leaves);
    }
    return new HashTree(this.#digests, buckets, this.#nodesOf(buckets, touched), sections);
  }

  has(key: string): boolean {
    return this.leaf(key) !== undefined;
  }

  /** The hash of an entry, equal exactly when key and body are. */
  leaf(key: string): Uint8Array | undefined {
    const bucket = this.#buckets[this.#indexOf(key)];
    const at = bucket?.keys.indexOf(key) ?? -1;
    return bucket === undefined || at < 0 ? undefined : leafAt(bucket, at);
  }

  /** Every key, in no order that means anything. */
  *keys(): Iterable<string> {
    for (const bucket of this.#buckets) yield* bucket.keys;
  }

  #indexOf(key: string): number {
    return bucketOf(this.#digests, key);
  }

  #opened(index: number): Map<string, Uint8Array> {
    const leaves = new Map<string, Uint8Array>();
    const bucket = this.#buckets[index];
    bucket?.keys.forEach((key, at) => leaves.set(key, leafAt(bucket, at)));
    return leaves;
  }

  #change(
    leaves: Map<string, Uint8Array>,
    sections: Map<string, number>,
    key: string,
    body: Uint8Array | undefined,
  ): void {
    if (body === undefined) {
      if (leaves.delete(key)) count(sections, key, -1);
      return;
    }
    if (!leaves.has(key)) count(sections, key, 1);
    leaves.set(key, leafOf(this.#digests, key, body));
  }

  #sealed(leaves: ReadonlyMap<string, Uint8Array>): Bucket {
    const ordered = [...leaves].sort(([a], [b]) => compareText(a, b));
    const packed = new Uint8Array(ordered.length * leafBytes);
    ordered.forEach(([, leaf], at) => packed.set(leaf, at * leafBytes));
    return {
      keys: ordered.map(([key]) => key),
      leaves: packed,
      digest: bucketDigest(
        this.#digests,
        ordered.map(([, leaf]) => leaf),
      ),
    };
  }

  #nodesOf(buckets: readonly Bucket[], touched: ReadonlyMap<number, unknown>): Uint8Array[] {
    const nodes = [...this.#nodes];
    for (const node of new Set([...touched.keys()].map((index) => Math.floor(index / fanOut)))) {
      const digests = buckets
        .slice(node * fanOut, (node + 1) * fanOut)
        .map((bucket) => bucket.digest);
      nodes[node] = nodeDigest(this.#digests, digests);
    }
    return nodes;
  }
}

function leafAt(bucket: Bucket, at: number): Uint8Array {
  return bucket.leaves.subarray(at * leafBytes, (at + 1) * leafBytes);
}

function count(sections: Map<string, number>, key: string, by: number): void {
  const section = sectionOf(key);
  const left = (sections.get(section) ?? 0) + by;
  if (left === 0) sections.delete(section);
  else sections.set(section, left);
}
