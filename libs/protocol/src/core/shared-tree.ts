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

/** An entry as the trees of many clusters hold it: encoded once and hashed once. */
export interface TreeEntry<T> {
  readonly key: string;
  readonly body: Uint8Array;
  /** What the body says. */
  readonly value: T;
  readonly leaf: Uint8Array;
  readonly bucket: number;
}

/** Entries whose keys' hashes begin with the same byte, sorted by key. */
interface Bucket<T> {
  readonly entries: readonly TreeEntry<T>[];
  readonly digest: Uint8Array;
}

interface Node<T> {
  readonly buckets: readonly Bucket<T>[];
  readonly digest: Uint8Array;
}

export interface SharedChange<T> {
  readonly put?: Iterable<TreeEntry<T>>;
  readonly remove?: Iterable<string>;
}

/** Parts that begin alike and are still looked through for an equal one. */
const alike = 4;
/** Keys of which the bucket is remembered. */
const placesKept = 4_096;

/**
 * Where the trees of many clusters have what is equal in them: clusters that hold the same entries hold the same buckets
 * and nodes, and what one of them hashed no other hashes again. Beside what trees hold it keeps the last few parts that
 * began with the same entry, as long as that entry lives.
 */
export class TreeGround<T> {
  readonly digests: Digests;
  readonly #buckets = new WeakMap<TreeEntry<T>, Bucket<T>[]>();
  readonly #nodes = new WeakMap<Bucket<T>, Node<T>[]>();
  readonly #places = new Map<string, number>();
  readonly #emptyBucket: Bucket<T>;
  readonly #emptyNode: Node<T>;

  constructor(digests: Digests) {
    this.digests = digests;
    this.#emptyBucket = { entries: [], digest: bucketDigest(digests, []) };
    const buckets = Array.from({ length: fanOut }, () => this.#emptyBucket);
    const digest = nodeDigest(
      digests,
      buckets.map((each) => each.digest),
    );
    this.#emptyNode = { buckets, digest };
  }

  /** Hashes an entry: once for all trees that it is put into. */
  entry(key: string, body: Uint8Array, value: T): TreeEntry<T> {
    const leaf = leafOf(this.digests, key, body);
    return { key, body, value, leaf, bucket: this.bucketOf(key) };
  }

  /** Where the key lives; of the last keys that is remembered, as a change asks it for each of its clusters. */
  bucketOf(key: string): number {
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    if (this.#places.size >= placesKept) this.#places.clear();
    const bucket = bucketOf(this.digests, key);
    this.#places.set(key, bucket);
    return bucket;
  }

  get emptyNode(): Node<T> {
    return this.#emptyNode;
  }

  /** The one bucket of these entries, which are sorted by key. */
  bucket(entries: readonly TreeEntry<T>[]): Bucket<T> {
    const [first] = entries;
    if (first === undefined) return this.#emptyBucket;
    const known = this.#buckets.get(first) ?? [];
    const same = known.find((each) => sameItems(each.entries, entries));
    if (same !== undefined) return same;
    const leaves = entries.map((entry) => entry.leaf);
    const bucket = { entries, digest: bucketDigest(this.digests, leaves) };
    this.#buckets.set(first, [bucket, ...known].slice(0, alike));
    return bucket;
  }

  /** The one node of these buckets. */
  node(buckets: readonly Bucket<T>[]): Node<T> {
    const first = buckets.find((bucket) => bucket !== this.#emptyBucket);
    if (first === undefined) return this.#emptyNode;
    const known = this.#nodes.get(first) ?? [];
    const same = known.find((each) => sameItems(each.buckets, buckets));
    if (same !== undefined) return same;
    const digests = buckets.map((bucket) => bucket.digest);
    const node = { buckets, digest: nodeDigest(this.digests, digests) };
    this.#nodes.set(first, [node, ...known].slice(0, alike));
    return node;
  }
}

/**
 * The state of one cluster as a tree with the root of `HashTree`, made of parts that it shares with the trees of other
 * clusters on the same ground. Immutable.
 */
export class SharedTree<T> {
  /** 32 bytes that stand for exactly this set of keys and bodies. */
  readonly root: Uint8Array;
  /** Number of entries per section that holds any. */
  readonly sections: ReadonlyMap<string, number>;
  readonly #ground: TreeGround<T>;
  readonly #nodes: readonly Node<T>[];

  private constructor(
    ground: TreeGround<T>,
    nodes: readonly Node<T>[],
    sections: ReadonlyMap<string, number>,
  ) {
    this.#ground = ground;
    this.#nodes = nodes;
    this.sections = sections;
    const digests = nodes.map((node) => node.digest);
    this.root = rootDigest(ground.digests, digests);
  }

  /** The tree of these entries, of which no two have the same key. */
  static of<T>(ground: TreeGround<T>, entries: Iterable<TreeEntry<T>>): SharedTree<T> {
    const byBucket: TreeEntry<T>[][] = Array.from({ length: fanOut * fanOut }, () => []);
    const sections = new Map<string, number>();
    for (const entry of entries) {
      byBucket[entry.bucket]?.push(entry);
      const section = sectionOf(entry.key);
      sections.set(section, (sections.get(section) ?? 0) + 1);
    }
    const buckets = byBucket.map((list) => ground.bucket(list.length < 2 ? list : sorted(list)));
    const nodes = Array.from({ length: fanOut }, (_, at) =>
      ground.node(buckets.slice(at * fanOut, (at + 1) * fanOut)),
    );
    return new SharedTree(ground, nodes, sections);
  }

  /** The tree after the removals and then the puts. This tree stays as it is. */
  with({ put = [], remove = [] }: SharedChange<T>): SharedTree<T> {
    const changes = new Map<number, Map<string, TreeEntry<T> | undefined>>();
    const note = (bucket: number, key: string, entry: TreeEntry<T> | undefined): void => {
      const known = changes.get(bucket) ?? new Map<string, TreeEntry<T> | undefined>();
      changes.set(bucket, known.set(key, entry));
    };
    for (const key of remove) note(this.#ground.bucketOf(key), key, undefined);
    for (const entry of put) note(entry.bucket, entry.key, entry);
    if (changes.size === 0) return this;
    const sections = new Map(this.sections);
    const opened = new Map<number, Bucket<T>[]>();
    for (const [at, ofBucket] of changes) {
      const node = Math.floor(at / fanOut);
      const buckets = opened.get(node) ?? [...(this.#nodes[node]?.buckets ?? [])];
      opened.set(node, buckets);
      buckets[at % fanOut] = this.#changed(buckets[at % fanOut], ofBucket, sections);
    }
    const nodes = this.#nodes.map((node, at) => {
      const buckets = opened.get(at);
      return buckets === undefined ? node : this.#ground.node(buckets);
    });
    return new SharedTree(this.#ground, nodes, sections);
  }

  get(key: string): TreeEntry<T> | undefined {
    const at = this.#ground.bucketOf(key);
    const bucket = this.#nodes[Math.floor(at / fanOut)]?.buckets[at % fanOut];
    return bucket?.entries.find((entry) => entry.key === key);
  }

  /** Every entry, in no order that means anything. */
  *entries(): Iterable<TreeEntry<T>> {
    for (const { buckets } of this.#nodes) for (const { entries } of buckets) yield* entries;
  }

  #changed(
    bucket: Bucket<T> | undefined,
    changes: ReadonlyMap<string, TreeEntry<T> | undefined>,
    sections: Map<string, number>,
  ): Bucket<T> {
    const old = bucket?.entries ?? [];
    const kept = old.filter((entry) => !changes.has(entry.key));
    const put = [...changes.values()].filter((entry) => entry !== undefined);
    for (const { key } of old) if (changes.has(key)) count(sections, key, -1);
    for (const { key } of put) count(sections, key, 1);
    return this.#ground.bucket(sorted([...kept, ...put]));
  }
}

function sorted<T>(entries: TreeEntry<T>[]): TreeEntry<T>[] {
  return entries.sort((a, b) => compareText(a.key, b.key));
}

function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, at) => item === b[at]);
}

function count(sections: Map<string, number>, key: string, by: number): void {
  const section = sectionOf(key);
  const left = (sections.get(section) ?? 0) + by;
  if (left === 0) sections.delete(section);
  else sections.set(section, left);
}
