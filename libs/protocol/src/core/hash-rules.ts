import type { Digests } from '@ambit/kernel';

/** Buckets of a node, and nodes of a root. */
export const fanOut = 16;

const tag = { leaf: 0x00, bucket: 0x01, node: 0x02, root: 0x03 } as const;

/** Which of the 256 buckets holds the entry: the first byte of its key's hash. */
export function bucketOf(digests: Digests, key: string): number {
  return digests.sha256(digests.utf8(key))[0] ?? 0;
}

/** The hash of an entry, equal exactly when key and body are. */
export function leafOf(digests: Digests, key: string, body: Uint8Array): Uint8Array {
  const name = digests.utf8(key);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, name.length);
  return digests.sha256(tagged(tag.leaf, [length, name, body]));
}

/** Of the leaves of a bucket, in any order. */
export function bucketDigest(digests: Digests, leaves: readonly Uint8Array[]): Uint8Array {
  return digests.sha256(tagged(tag.bucket, leaves.toSorted(compareBytes)));
}

export function nodeDigest(digests: Digests, buckets: readonly Uint8Array[]): Uint8Array {
  return digests.sha256(tagged(tag.node, buckets));
}

export function rootDigest(digests: Digests, nodes: readonly Uint8Array[]): Uint8Array {
  return digests.sha256(tagged(tag.root, nodes));
}

/** The part of an entry's key before its first slash. */
export function sectionOf(key: string): string {
  const slash = key.indexOf('/');
  return slash < 0 ? key : key.slice(0, slash);
}

function tagged(first: number, parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(1 + parts.reduce((sum, part) => sum + part.length, 0));
  bytes[0] = first;
  let offset = 1;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
