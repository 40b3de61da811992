import { keyOf } from './api-object.ts';
import type { ApiObject } from './api-object.ts';
import { filterOf, listOptionFault, readRevision } from './list-objects.ts';
import type { ObjectFilter } from './list-objects.ts';
import { withRevision } from './object-store.ts';
import type { ObjectStore, StoreEvent } from './object-store.ts';
import { apiVersionOf } from './served-resources.ts';
import type { ServedResource } from './served-resources.ts';
import { expired } from './status-error.ts';

/** Where the lines of a watch go. */
export interface WatchSink {
  write(line: string): void;
  end(): void;
}

export interface WatchRequest {
  readonly resource: ServedResource;
  readonly namespace: string;
  readonly query: URLSearchParams;
}

interface OpenWatch extends WatchRequest {
  readonly sink: WatchSink;
  readonly filter: ObjectFilter;
  readonly bookmarks: boolean;
  /** Changes up to here were sent, or are not wanted. */
  readonly after: number;
}

const bookmarkEveryMs = 60_000;
const longestWatchSeconds = 3_600;

/** All watches that are open. Tests break them from outside. */
export class Watches {
  readonly #store: ObjectStore;
  readonly #open = new Set<OpenWatch>();
  readonly #unsubscribe: () => void;
  #silent = false;

  constructor(store: ObjectStore) {
    this.#store = store;
    this.#unsubscribe = store.subscribe((event) => {
      for (const watch of this.#open) this.#show(watch, event);
    });
  }

  get size(): number {
    return this.#open.size;
  }

  /** Begins a watch; the returned function ends it on our side. Throws what is answered instead of a stream. */
  open(request: WatchRequest, sink: WatchSink): () => void {
    const { query } = request;
    const watch: OpenWatch = {
      ...request,
      sink,
      filter: filterOf(query),
      bookmarks: isTrue(query.get('allowWatchBookmarks')),
      after: readRevision(query.get('resourceVersion') ?? ''),
    };
    const initial = isTrue(query.get('sendInitialEvents'));
    if (initial && query.get('resourceVersionMatch') !== 'NotOlderThan') {
      throw listOptionFault(
        'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
      );
    }
    this.#open.add(watch);
    const seconds = Number(query.get('timeoutSeconds') ?? 0) || longestWatchSeconds;
    const end = setTimeout(() => sink.end(), seconds * 1000).unref();
    const bookmark = setInterval(() => this.#bookmark(watch), bookmarkEveryMs).unref();
    this.#begin(watch, initial);
    return () => {
      clearTimeout(end);
      clearInterval(bookmark);
      this.#open.delete(watch);
    };
  }

  /** Sends every watch that asked for them a bookmark now. */
  bookmark(): void {
    for (const watch of this.#open) this.#bookmark(watch);
  }

  /** Ends all watches in order, as a server does at the end of their time. */
  end(): void {
    for (const watch of this.#open) watch.sink.end();
  }

  /** Says this in every watch, be it an event or not. */
  say(line: string): void {
    for (const watch of this.#open) watch.sink.write(`${line}\n`);
  }

  /** Keeps all watches open and says nothing in them any more, as a stuck proxy does; or goes on. What happened meanwhile is lost. */
  silence(silent: boolean): void {
    this.#silent = silent;
  }

  close(): void {
    this.#unsubscribe();
    this.end();
  }

  #begin(watch: OpenWatch, initial: boolean): void {
    const { after, resource, namespace, filter } = watch;
    if (initial || after === 0) {
      const revision = this.#store.revision;
      for (const object of this.#store.itemsAt(resource, namespace, revision)) {
        if (filter(object)) this.#send(watch, 'ADDED', object);
      }
      if (initial && watch.bookmarks) {
        this.#bookmark(watch, { 'k8s.io/initial-events-end': 'true' });
      }
      return;
    }
    if (after < this.#store.compacted) {
      const error = expired(`too old resource version: ${after} (${this.#store.compacted})`);
      this.#send(watch, 'ERROR', error.body);
      watch.sink.end();
      return;
    }
    for (const event of this.#store.eventsSince(resource, after)) this.#show(watch, event);
  }

  /** What a change is to this watch: an object that leaves its selection is DELETED, with what it was before. */
  #show(watch: OpenWatch, event: StoreEvent): void {
    if (event.resource !== watch.resource || event.revision <= watch.after) return;
    const { object, previous, revision } = event;
    const was = previous !== undefined && selects(watch, previous);
    if (object !== undefined && selects(watch, object)) {
      this.#send(watch, was ? 'MODIFIED' : 'ADDED', object);
    } else if (was) this.#send(watch, 'DELETED', withRevision(previous, revision));
  }

  #bookmark(watch: OpenWatch, annotations?: Readonly<Record<string, string>>): void {
    if (!watch.bookmarks) return;
    this.#send(watch, 'BOOKMARK', {
      kind: watch.resource.kind,
      apiVersion: apiVersionOf(watch.resource),
      metadata: {
        resourceVersion: String(this.#store.revision),
        ...(annotations === undefined ? {} : { annotations }),
      },
    });
  }

  #send(watch: OpenWatch, type: string, object: ApiObject | object): void {
    if (!this.#silent) watch.sink.write(`${JSON.stringify({ type, object })}\n`);
  }
}

function selects({ namespace, filter }: OpenWatch, object: ApiObject): boolean {
  return (namespace === '' || keyOf(object).namespace === namespace) && filter(object);
}

function isTrue(text: string | null): boolean {
  return text === 'true' || text === '1';
}
