import type { Digests } from '@ambit/kernel';
import { encodeIntent, TreeGround } from '@ambit/protocol';
import type { TreeEntry } from '@ambit/protocol';
import type { Intent } from '@ambit/rbac';
import { LRUCache } from 'lru-cache';

/** Keys of which the last entry is remembered, to find it in another cluster. */
const remembered = 20_000;

/**
 * The entries of the policy as bytes and hashes: an entry that a thousand clusters hold is encoded and hashed once. The
 * policy often gives the same intent to all of them; where it gives each a copy, they are compared.
 */
export class EncodedIntents {
  readonly ground: TreeGround<Intent>;
  readonly #entries = new WeakMap<Intent, TreeEntry<Intent>>();
  readonly #lastOfKey = new LRUCache<string, TreeEntry<Intent>>({ max: remembered });

  constructor(digests: Digests) {
    this.ground = new TreeGround(digests);
  }

  entry(intent: Intent): TreeEntry<Intent> {
    const known = this.#entries.get(intent);
    if (known !== undefined) return known;
    const last = this.#lastOfKey.get(intent.key);
    if (last !== undefined && sameData(last.value, intent)) {
      this.#entries.set(intent, last);
      return last;
    }
    // Bytes of their own: what an encoder gives lies in a slab of 64 kB that would live as long as they do.
    const body = new Uint8Array(encodeIntent(intent));
    const entry = this.ground.entry(intent.key, body, intent);
    this.#entries.set(intent, entry);
    this.#lastOfKey.set(intent.key, entry);
    return entry;
  }
}

/** Plain data of the same shape and values. Absent and undefined are two things: then it is encoded once more, no harm. */
function sameData(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => key in b && sameData(valueOf(a, key), valueOf(b, key)));
}

const valueOf = (object: object, key: string): unknown => Reflect.get(object, key);
