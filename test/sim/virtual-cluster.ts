import { KubeError } from '@ambit/kube';
import type { KubeObject, KubeResource } from '@ambit/kube';
import type { RbacSubject, RoleRef } from '@ambit/rbac';
import type { VirtualTime } from './virtual-time.ts';

export interface Stored extends KubeObject {
  readonly kind: string;
  readonly metadata: KubeObject['metadata'] & { readonly managedFields?: unknown };
  readonly subjects?: readonly RbacSubject[];
  readonly roleRef?: RoleRef;
  readonly status?: { readonly phase?: string };
}

export interface Change {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly plural: string;
  readonly object: Stored;
  /** As it was before; of what was not there, nothing. */
  readonly before: Stored | undefined;
}

/** What admission makes of a write; throws to refuse it. */
export type Admission = (verb: 'create' | 'patch' | 'delete', object: Stored) => Stored;

type Place = { readonly name: string; readonly namespace?: string };

/** The objects of a cluster by the rules of an API server, as far as the reconciler depends on them. */
export class VirtualCluster {
  readonly #time: VirtualTime;
  readonly #objects = new Map<string, Stored>();
  readonly #listeners = new Set<(change: Change) => void>();
  #history: Change[] = [];
  #compacted = 0;
  #version = 1;
  #uids = 0;
  /** Asked for writes of the agent only. */
  admission: Admission = (_, object) => object;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  get version(): string {
    return String(this.#version);
  }

  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  all(plural: string): Stored[] {
    return Array.from(this.#objects)
      .filter(([key]) => key.startsWith(`${plural}/`))
      .map(([, object]) => object);
  }

  /** Changes since a version; undefined when that is too long ago. */
  since(version: number): Change[] | undefined {
    if (version < this.#compacted) return undefined;
    return this.#history.filter((change) => change.version > version);
  }

  compact(): void {
    this.#compacted = this.#version;
    this.#history = [];
  }

  get({ plural }: KubeResource, place: Place): Stored {
    const found = this.#objects.get(keyOf(plural, place));
    if (found === undefined) throw notFound(plural, place.name);
    return found;
  }

  create(resource: KubeResource, sent: KubeObject, by: string): Stored {
    const { plural, kind } = resource;
    const { name, namespace } = sent.metadata;
    if (namespace !== undefined && !this.#objects.has(keyOf('namespaces', { name: namespace }))) {
      throw notFound('namespaces', namespace);
    }
    const key = keyOf(plural, sent.metadata);
    if (this.#objects.has(key)) {
      throw new KubeError({ status: 409, reason: 'AlreadyExists', message: `${name} exists` });
    }
    const object = this.#admit('create', { ...sent, kind } as Stored, by);
    const uid = `uid-${(this.#uids += 1)}`;
    const metadata = { ...object.metadata, uid, managedFields: this.#managed(by) };
    return this.#store(plural, { ...object, metadata }, undefined);
  }

  patch(resource: KubeResource, place: Place, patch: object, by: string): Stored {
    const { plural } = resource;
    const before = this.get(resource, place);
    const asked = (patch as { metadata?: { uid?: string; resourceVersion?: string } }).metadata;
    if (asked?.uid !== undefined && asked.uid !== before.metadata.uid) {
      throw new KubeError({ status: 422, reason: 'Invalid', message: 'uid: field is immutable' });
    }
    const { resourceVersion } = before.metadata;
    if (asked?.resourceVersion !== undefined && asked.resourceVersion !== resourceVersion) {
      throw new KubeError({ status: 409, reason: 'Conflict', message: 'it has been modified' });
    }
    const merged = this.#admit('patch', merge(before, patch) as Stored, by);
    const metadata = { ...merged.metadata, managedFields: before.metadata.managedFields };
    if (JSON.stringify({ ...merged, metadata }) === JSON.stringify(before)) return before;
    const changed = {
      ...merged,
      metadata: { ...merged.metadata, managedFields: this.#managed(by) },
    };
    if (isFinished(changed)) return this.#remove(plural, changed);
    return this.#store(plural, changed, before);
  }

  /** Undefined when it is gone; as it is when a finalizer holds it. */
  delete(resource: KubeResource, place: Place, by: string, uid?: string): Stored | undefined {
    const { plural } = resource;
    const found = this.get(resource, place);
    if (uid !== undefined && uid !== found.metadata.uid) {
      throw new KubeError({ status: 409, reason: 'Conflict', message: 'another uid' });
    }
    this.#admit('delete', found, by);
    if (found.metadata.finalizers?.length) {
      if (found.metadata.deletionTimestamp !== undefined) return found;
      const deletionTimestamp = new Date(this.#time.truth()).toISOString();
      const metadata = { ...found.metadata, deletionTimestamp };
      return this.#store(plural, { ...found, metadata }, found);
    }
    this.#remove(plural, found);
    if (plural === 'namespaces') this.#empty(place.name);
    return undefined;
  }

  #empty(namespace: string): void {
    for (const object of this.all('rolebindings')) {
      if (object.metadata.namespace === namespace) this.#remove('rolebindings', object);
    }
  }

  #admit(verb: 'create' | 'patch' | 'delete', object: Stored, by: string): Stored {
    return by === 'ambit-agent' ? this.admission(verb, object) : object;
  }

  #managed(manager: string): unknown {
    return [{ manager, time: new Date(this.#time.truth()).toISOString() }];
  }

  #store(plural: string, object: Stored, before: Stored | undefined): Stored {
    this.#version += 1;
    const stored = {
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(this.#version) },
    };
    this.#objects.set(keyOf(plural, object.metadata), stored);
    this.#tell(plural, before === undefined ? 'ADDED' : 'MODIFIED', stored, before);
    return stored;
  }

  #remove(plural: string, object: Stored): Stored {
    this.#version += 1;
    this.#objects.delete(keyOf(plural, object.metadata));
    const metadata = { ...object.metadata, resourceVersion: String(this.#version) };
    const gone = { ...object, metadata };
    this.#tell(plural, 'DELETED', gone, object);
    return gone;
  }

  #tell(plural: string, type: Change['type'], object: Stored, before: Stored | undefined): void {
    const change = { version: this.#version, type, plural, object, before };
    this.#history.push(change);
    for (const listener of Array.from(this.#listeners)) listener(change);
  }
}

export function keyOf(plural: string, { namespace = '', name }: Place): string {
  return `${plural}/${namespace}/${name}`;
}

function isFinished({ metadata }: Stored): boolean {
  return metadata.deletionTimestamp !== undefined && !metadata.finalizers?.length;
}

function notFound(kind: string, name: string): KubeError {
  const message = `${kind} "${name}" not found`;
  return new KubeError({ status: 404, reason: 'NotFound', message, details: { kind, name } });
}

/** RFC 7396. */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const base =
    typeof target === 'object' && target !== null && !Array.isArray(target) ? target : {};
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = merge(merged[name], value);
  }
  return merged;
}
