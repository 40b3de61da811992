import { apiVersion } from '@ambit/contracts';
import type { ObjectMeta } from '@ambit/contracts';
import type { Page } from '@ambit/persistence';
import { notFound } from '@ambit/kernel';

interface Stored {
  readonly uid: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly resourceVersion: number;
  readonly generation: number;
  readonly createdAt: number;
}

/** RFC 3339 in UTC. */
export const timestamp = (at: number): string => new Date(at).toISOString();

/** Metadata of a stored object as it is answered. */
export function objectMeta(record: Stored): ObjectMeta {
  return {
    uid: record.uid,
    name: record.name,
    labels: { ...record.labels },
    annotations: { ...record.annotations },
    generation: record.generation,
    resourceVersion: String(record.resourceVersion),
    creationTimestamp: timestamp(record.createdAt),
  };
}

/** A page of records as a list of `kind`. `revision` is what the list was read at. */
export function listResponse<R>(
  kind: string,
  page: Page<R>,
  options: { readonly revision: number; readonly item: (record: R) => unknown },
): object {
  return {
    apiVersion,
    kind: `${kind}List`,
    metadata: {
      resourceVersion: String(options.revision),
      ...(page.continue === undefined ? {} : { continue: page.continue }),
    },
    items: page.items.map(options.item),
  };
}

/** One page of a list that is held whole. The cursor is the key of the last item of the page before. */
export function pageOf<T>(
  items: readonly T[],
  query: { readonly limit: number; readonly continue?: string },
  keyOf: (item: T) => string,
): Page<T> {
  const after = items.findIndex((item) => keyOf(item) === query.continue) + 1;
  const page = items.slice(after, after + query.limit);
  const last = page.at(-1);
  const more = after + page.length < items.length && last !== undefined;
  return { items: page, ...(more ? { continue: keyOf(last) } : {}) };
}

/** The record, or `not_found` in the words of the caller. */
export function found<R>(record: R | null, kind: string, name: string): R {
  if (record !== null) return record;
  throw notFound(kind, name);
}
