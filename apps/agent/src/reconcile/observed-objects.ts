import type { Millis } from '@ambit/kernel';
import { ambitLabels, annotatedEnd, managedByValue, objectKey } from '@ambit/rbac';
import type { ObjectKey, ObjectMeta, RbacObject } from '@ambit/rbac';
import { endedBy, nextEndAfter } from '../clock/ends.ts';
import { packedVersion, packObject, unpackObject } from './packed-object.ts';
import { RecentValues } from './recent-values.ts';

/** An object as Kubernetes sends it. */
export type LiveObject = RbacObject & {
  readonly metadata: ObjectMeta & { readonly managedFields?: unknown };
};

/**
 * What stands in the cluster of the objects that are, or may be, ours. Each is kept as one short text of what matters
 * and read when it is looked at: ten thousand of them as objects would cost the agent more than its whole budget.
 */
export class ObservedObjects {
  readonly #texts = new Map<ObjectKey, string>();
  readonly #read = new RecentValues<ObjectKey, RbacObject>();
  readonly #usualLabels: Readonly<Record<string, string>>;
  /** Ends as the objects themselves name them. */
  readonly #ends = new Map<ObjectKey, Millis>();
  /** Objects without our label: no watch tells of them. */
  readonly #unwatched = new Set<ObjectKey>();
  /** Objects that are gone, of which something older may still be told: by a watch that is behind, or by a late answer. */
  readonly #buried = new Map<ObjectKey, Grave>();

  constructor(usualLabels: Readonly<Record<string, string>>) {
    this.#usualLabels = usualLabels;
  }

  get size(): number {
    return this.#texts.size;
  }

  /** Takes the object in unless a later version is known or it is gone; false then. */
  put(object: RbacObject): boolean {
    const key = keyOf(object);
    const { uid, resourceVersion } = object.metadata;
    if (uid !== undefined && this.#isBuried(key, uid, resourceVersion)) return false;
    const known = this.version(key);
    if (known !== undefined && !isNewer(resourceVersion, known.resourceVersion)) return false;
    this.#buried.delete(key);
    this.#texts.set(key, packObject(object, this.#usualLabels));
    // It is looked at next: as it came, without the record of who wrote which field.
    const { managedFields: _record, ...metadata } = object.metadata as LiveObject['metadata'];
    this.#read.set(key, { ...object, metadata });
    this.#note(key, object);
    return true;
  }

  get(key: ObjectKey): RbacObject | undefined {
    const text = this.#texts.get(key);
    if (text === undefined) return undefined;
    return this.#read.get(key, () => unpackObject(text, splitKey(key), this.#usualLabels));
  }

  /** Uid and version; undefined when there is none of this key. */
  version(key: ObjectKey): Pick<ObjectMeta, 'uid' | 'resourceVersion'> | undefined {
    const text = this.#texts.get(key);
    return text === undefined ? undefined : packedVersion(text);
  }

  has(key: ObjectKey): boolean {
    return this.#texts.has(key);
  }

  remove(key: ObjectKey): void {
    this.#texts.delete(key);
    this.#read.forget(key);
    this.#ends.delete(key);
    this.#unwatched.delete(key);
  }

  /**
   * The object of this uid is gone: what is still told of it is old. A watch knows it to be gone from `version` on, and
   * may mean by that that its label was taken off: what it became since is no older. Without a version we deleted it.
   */
  bury(key: ObjectKey, uid: string, version?: string): void {
    if (this.version(key)?.uid === uid) this.remove(key);
    this.#buried.set(key, { uid, version });
  }

  /** The watch told that it is gone; true when we knew because we deleted it. */
  wasBuried(key: ObjectKey, uid: string): boolean {
    return this.#buried.get(key)?.uid === uid && this.#buried.delete(key);
  }

  /** After a complete list nothing old is told any more. */
  forgetBuried(): void {
    this.#buried.clear();
  }

  keys(): Iterable<ObjectKey> {
    return this.#texts.keys();
  }

  /** Keys of objects that no watch tells of. */
  unwatched(): Iterable<ObjectKey> {
    return this.#unwatched;
  }

  /** When it ends, as it says itself. */
  end(key: ObjectKey): Millis | undefined {
    return this.#ends.get(key);
  }

  /** Keys of objects whose own end has come. */
  ended(high: Millis): ObjectKey[] {
    return endedBy(this.#ends, high);
  }

  /** The first end that is named by an object and has not come. */
  nextEnd(high: Millis): Millis | undefined {
    return nextEndAfter(this.#ends, high);
  }

  #isBuried(key: ObjectKey, uid: string, version: string | undefined): boolean {
    const grave = this.#buried.get(key);
    if (grave?.uid !== uid) return false;
    return grave.version === undefined || isNewer(grave.version, version);
  }

  #note(key: ObjectKey, object: RbacObject): void {
    const end = annotatedEnd(object);
    if (end === undefined) this.#ends.delete(key);
    else this.#ends.set(key, end);
    if (carriesOurLabel(object)) this.#unwatched.delete(key);
    else this.#unwatched.add(key);
  }
}

/** Of which object, and from which of its versions on; all of them when there is none. */
interface Grave {
  readonly uid: string;
  readonly version: string | undefined;
}

/** True when the label that our watches select by is on it. */
export function carriesOurLabel({ metadata }: Pick<RbacObject, 'metadata'>): boolean {
  return metadata.labels?.[ambitLabels.managedBy] === managedByValue;
}

/** resourceVersions of one API server grow as numbers, whatever the object (KEP-5504); any other text counts as news. */
export function isNewer(version: string | undefined, known: string | undefined): boolean {
  if (version === undefined || known === undefined) return true;
  if (!/^\d+$/.test(version) || !/^\d+$/.test(known)) return version !== known;
  return BigInt(version) > BigInt(known);
}

/** The key of an object that Kubernetes sent. */
export function keyOf({ kind, metadata }: Pick<RbacObject, 'kind' | 'metadata'>): ObjectKey {
  return objectKey(kind, metadata.namespace, metadata.name);
}

/** Kind, namespace and name of a key; the namespace is absent for cluster-scoped kinds. */
export function splitKey(key: ObjectKey): {
  kind: RbacObject['kind'];
  namespace?: string;
  name: string;
} {
  const first = key.indexOf('/');
  const second = key.indexOf('/', first + 1);
  const namespace = key.slice(first + 1, second);
  return {
    kind: key.slice(0, first) as RbacObject['kind'],
    ...(namespace === '' ? {} : { namespace }),
    name: key.slice(second + 1),
  };
}
