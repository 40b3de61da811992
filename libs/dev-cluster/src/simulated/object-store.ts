import { sameValue } from './api-object.ts';
import type { ApiObject, StoreKey } from './api-object.ts';
import type { ServedResource } from './served-resources.ts';

/** One change, as watches and old pages see it. */
export interface StoreEvent {
  readonly revision: number;
  readonly resource: ServedResource;
  /** Absent after a deletion. */
  readonly object?: ApiObject;
  /** Absent at a creation. */
  readonly previous?: ApiObject;
}

export type StoreListener = (event: StoreEvent) => void;

/** Changes that are remembered; older ones are compacted away, as etcd's are after some minutes. */
const mostEvents = 100_000;

/**
 * What etcd is to a real API server: objects under one counter, the history of changes up to a compaction, and a
 * listener for each change. Writes are synchronous, so that a handler which does not wait between reading and writing
 * is a transaction.
 */
export class ObjectStore {
  readonly #tables = new Map<ServedResource, Map<string, Map<string, ApiObject>>>();
  readonly #listeners = new Set<StoreListener>();
  #events: StoreEvent[] = [];
  #revision = 1;
  #compacted = 0;

  get revision(): number {
    return this.#revision;
  }

  /** The oldest revision that can still be read or watched from. */
  get compacted(): number {
    return this.#compacted;
  }

  get(resource: ServedResource, key: StoreKey): ApiObject | undefined {
    return this.#tables.get(resource)?.get(key.namespace)?.get(key.name);
  }

  /** All objects of a kind, of one namespace or of all, in no order. */
  *items(resource: ServedResource, namespace = ''): Generator<ApiObject> {
    const table = this.#tables.get(resource);
    if (table === undefined) return;
    if (namespace !== '') yield* table.get(namespace)?.values() ?? [];
    else for (const part of table.values()) yield* part.values();
  }

  /** Stores the object under a new revision; the same content again changes nothing. */
  put(resource: ServedResource, object: ApiObject): ApiObject {
    const { name, namespace = '' } = object.metadata;
    const previous = this.get(resource, { name, namespace });
    if (previous !== undefined && sameValue(previous, object)) return previous;
    const stored = withRevision(object, this.#revision + 1);
    this.#part(resource, namespace).set(name, stored);
    this.#record({ resource, object: stored, ...(previous === undefined ? {} : { previous }) });
    return stored;
  }

  delete(resource: ServedResource, key: StoreKey): void {
    const previous = this.get(resource, key);
    if (previous === undefined) return;
    this.#part(resource, key.namespace).delete(key.name);
    this.#record({ resource, previous });
  }

  /** A kind as it was at a revision that is not compacted. */
  itemsAt(resource: ServedResource, namespace: string, revision: number): ApiObject[] {
    const objects = new Map<string, ApiObject>();
    for (const object of this.items(resource, namespace)) objects.set(pathOf(object), object);
    for (const event of [...this.#since(revision)].reverse()) {
      const shown = event.object ?? event.previous;
      if (event.resource !== resource || shown === undefined) continue;
      if (namespace !== '' && shown.metadata.namespace !== namespace) continue;
      if (event.previous === undefined) objects.delete(pathOf(shown));
      else objects.set(pathOf(shown), event.previous);
    }
    return [...objects.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  /** Changes of a kind after a revision, oldest first. */
  eventsSince(resource: ServedResource, revision: number): StoreEvent[] {
    return this.#since(revision).filter((event) => event.resource === resource);
  }

  subscribe(listener: StoreListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Forgets all history: whoever wants to go on from an older revision has to list. */
  compact(): void {
    this.#compacted = this.#revision;
    this.#events = [];
  }

  #since(revision: number): StoreEvent[] {
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#events[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#events.slice(low);
  }

  #part(resource: ServedResource, namespace: string): Map<string, ApiObject> {
    const table = this.#tables.get(resource) ?? new Map<string, Map<string, ApiObject>>();
    this.#tables.set(resource, table);
    const part = table.get(namespace) ?? new Map<string, ApiObject>();
    table.set(namespace, part);
    return part;
  }

  #record(change: Omit<StoreEvent, 'revision'>): void {
    this.#revision += 1;
    const event = { revision: this.#revision, ...change };
    this.#events.push(event);
    if (this.#events.length > mostEvents) {
      this.#events = this.#events.slice(mostEvents / 2);
      this.#compacted = this.#events[0]?.revision ?? this.#revision;
    }
    for (const listener of this.#listeners) listener(event);
  }
}

export function withRevision(object: ApiObject, revision: number): ApiObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}

/** Objects are listed in the order of their paths in etcd. */
export function pathOf(object: ApiObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}
