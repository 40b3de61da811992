import type { Digests } from '@ambit/kernel';
import {
  diffObject,
  isBinding,
  ownership,
  type DesiredState,
  type ObjectPatch,
  type Operation,
  type Owner,
  type RbacObject,
} from '../src/index.ts';

type Value = Readonly<Record<string, string>> | undefined;

/** Objects by key, changed only through operations, as an API server would change them. */
export class FakeCluster {
  readonly #objects = new Map<string, RbacObject>();
  readonly #inventory = new Map<string, string>();
  readonly #owner: Owner;
  readonly #digests: Digests;
  #version = 0;

  constructor(owner: Owner, digests: Digests) {
    this.#owner = owner;
    this.#digests = digests;
  }

  ours(): Set<string> {
    return new Set(this.#objects.keys());
  }

  /** One pass over everything wanted and everything there; gives the number of writes. */
  reconcile(state: DesiredState): number {
    let writes = 0;
    for (const key of new Set([...state.keys(), ...this.#objects.keys()])) {
      const found = this.#objects.get(key);
      const context = {
        ...this.#owner,
        digests: this.#digests,
        inventoryUid: this.#inventory.get(key),
      };
      const whose = found === undefined ? 'ours' : ownership(found, context);
      const operation = diffObject(state.get(key), found, whose);
      if (operation === undefined) continue;
      this.#apply(operation);
      if (operation.type !== 'adopt') writes++;
    }
    return writes;
  }

  /** What servers and people may do without changing the meaning: order of lists, labels of their own, a lost inventory. */
  shuffle(seed: number): void {
    if (seed % 3 === 0) this.#inventory.clear();
    for (const [key, object] of this.#objects) {
      const metadata = { ...object.metadata, labels: { ...object.metadata.labels, theirs: 'x' } };
      const changed: RbacObject = isBinding(object)
        ? { ...object, metadata, subjects: [...(object.subjects ?? [])].reverse() }
        : { ...object, metadata, rules: [...(object.rules ?? [])].reverse() };
      this.#objects.set(key, changed);
    }
  }

  #apply(operation: Operation): void {
    const { key } = operation;
    switch (operation.type) {
      case 'create':
      case 'recreate':
        this.#put(key, operation.body);
        break;
      case 'update':
        this.#patch(key, operation.patch);
        break;
      case 'delete':
        this.#objects.delete(key);
        this.#inventory.delete(key);
        break;
      case 'adopt':
        this.#inventory.set(key, operation.uid);
        break;
      case 'foreign':
        throw new Error(`${key} is foreign`);
    }
  }

  #put(key: string, body: RbacObject): void {
    this.#version++;
    const uid = `uid-${this.#version}`;
    const metadata = { ...body.metadata, uid, resourceVersion: String(this.#version) };
    this.#objects.set(key, { ...body, metadata });
    this.#inventory.set(key, uid);
  }

  #patch(key: string, patch: ObjectPatch): void {
    const found = this.#objects.get(key);
    if (found === undefined) throw new Error(`${key} is not there`);
    const { labels, annotations, ...rest } = patch.metadata;
    const metadata = {
      ...found.metadata,
      ...rest,
      labels: merge(found.metadata.labels, labels),
      annotations: merge(found.metadata.annotations, annotations),
    };
    this.#objects.set(key, { ...found, ...patch, metadata } as RbacObject);
  }
}

function merge(
  found: Value,
  changes: Readonly<Record<string, string | null>> = {},
): Record<string, string> {
  const entries = Object.entries({ ...found, ...changes });
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => entry[1] !== null),
  );
}
