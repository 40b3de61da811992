import type { Digests } from '@ambit/kernel';
import { objectKey, type ObjectKey } from '../naming/object-key.ts';
import { objectName, type ObjectIdentity } from '../naming/object-identity.ts';
import { assembleParts, samePart, type BindingPart } from './binding-parts.ts';
import type { Entry, BindingFamily } from './entry.ts';
import { BindingFamilyTable } from './binding-family-table.ts';

/** One binding in one namespace. */
export interface BindingView {
  readonly key: ObjectKey;
  readonly family: BindingFamily;
  readonly namespace: string;
  readonly part: BindingPart;
}

interface Group {
  readonly namespace: string;
  readonly family: BindingFamily;
  readonly entries: Entry[];
  /** Contents of the bindings and, in the same order, their keys. */
  parts: readonly BindingPart[];
  keys: readonly ObjectKey[];
}

/** The intents that meet in one namespace, role and class, and the bindings they make together. */
export class BindingGroups {
  readonly #families = new BindingFamilyTable();
  readonly #byNamespace = new Map<string, Map<BindingFamily, Group>>();
  readonly #byKey = new Map<ObjectKey, Group>();
  readonly #dirty = new Set<Group>();
  readonly #digests: Digests;
  /** Groups put together anew so far. */
  rendered = 0;

  constructor(digests: Digests) {
    this.#digests = digests;
  }

  get size(): number {
    return this.#byKey.size;
  }

  keys(): Iterable<ObjectKey> {
    return this.#byKey.keys();
  }

  has(key: ObjectKey): boolean {
    return this.#byKey.has(key);
  }

  get(key: ObjectKey): BindingView | undefined {
    const group = this.#byKey.get(key);
    const part = group?.parts[group.keys.indexOf(key)];
    return group && part && { key, family: group.family, namespace: group.namespace, part };
  }

  *inNamespace(namespace: string): Generator<BindingView> {
    for (const { family, keys, parts } of this.#byNamespace.get(namespace)?.values() ?? []) {
      for (const [index, part] of parts.entries()) {
        yield { key: keys[index] ?? '', family, namespace, part };
      }
    }
  }

  /** Moves an entry to where a binding of this role belongs; without one, nowhere. Says whether it moved. */
  settle(entry: Entry, clusterRole: string | undefined): boolean {
    const family = clusterRole === undefined ? undefined : this.#families.find(entry, clusterRole);
    if (family === entry.family) return false;
    this.remove(entry);
    if (family === undefined) return true;
    entry.family = family;
    this.#families.use(family);
    for (const namespace of entry.scope.reach) this.join(entry, namespace);
    return true;
  }

  remove(entry: Entry): void {
    const { family } = entry;
    if (family === undefined) return;
    for (const namespace of entry.scope.reach) this.leave(entry, namespace);
    entry.family = undefined;
    this.#families.release(family);
  }

  /** Marks all bindings that an entry stands in. */
  touch(entry: Entry): void {
    for (const namespace of entry.scope.reach) {
      const group = this.#find(entry, namespace);
      if (group !== undefined) this.#dirty.add(group);
    }
  }

  join(entry: Entry, namespace: string): void {
    const { family } = entry;
    if (family === undefined) return;
    const known = this.#find(entry, namespace);
    if (known !== undefined) known.entries.push(entry);
    const group = known ?? { namespace, family, entries: [entry], parts: [], keys: [] };
    if (known === undefined) this.#add(group);
    this.#dirty.add(group);
  }

  leave(entry: Entry, namespace: string): void {
    const group = this.#find(entry, namespace);
    if (group === undefined) return;
    const at = group.entries.indexOf(entry);
    if (at !== -1) group.entries.splice(at, 1);
    this.#dirty.add(group);
  }

  /** Puts the marked bindings together; adds the keys of those that changed. */
  flush(changed: Set<ObjectKey>): void {
    // Namespaces with the same intents share one instance of their content.
    const shared = new Map<string, readonly BindingPart[]>();
    for (const group of this.#dirty) {
      this.rendered++;
      this.#render(group, this.#parts(group.entries, shared), changed);
      if (group.entries.length === 0) this.#drop(group);
    }
    this.#dirty.clear();
  }

  #find(entry: Entry, namespace: string): Group | undefined {
    return entry.family && this.#byNamespace.get(namespace)?.get(entry.family);
  }

  #add(group: Group): void {
    const groups = this.#byNamespace.get(group.namespace);
    if (groups === undefined) {
      this.#byNamespace.set(group.namespace, new Map([[group.family, group]]));
    } else groups.set(group.family, group);
  }

  #drop({ namespace, family }: Group): void {
    const groups = this.#byNamespace.get(namespace);
    groups?.delete(family);
    if (groups?.size === 0) this.#byNamespace.delete(namespace);
  }

  #render(group: Group, parts: readonly BindingPart[], changed: Set<ObjectKey>): void {
    const { parts: before, keys } = group;
    group.parts = parts;
    group.keys = parts.map((part) => {
      const at = before.findIndex(({ shard }) => shard === part.shard);
      const known = before[at];
      const key = keys[at] ?? this.#keyOf(group, part.shard);
      if (known === undefined || !samePart(known, part)) changed.add(key);
      this.#byKey.set(key, group);
      return key;
    });
    for (const key of keys) {
      if (group.keys.includes(key)) continue;
      this.#byKey.delete(key);
      changed.add(key);
    }
  }

  #keyOf({ family, namespace }: Group, shard: string): ObjectKey {
    const identity = bindingIdentity(family, namespace, shard);
    return objectKey(identity.kind, namespace, objectName(identity, this.#digests));
  }

  #parts(
    entries: readonly Entry[],
    shared: Map<string, readonly BindingPart[]>,
  ): readonly BindingPart[] {
    const text = Array.from(entries, ({ id }) => id)
      .sort((a, b) => a - b)
      .join();
    const known = shared.get(text);
    if (known !== undefined) return known;
    const parts = assembleParts(entries, this.#digests);
    shared.set(text, parts);
    return parts;
  }
}

/** What the name of a binding hashes. */
export function bindingIdentity(
  family: BindingFamily,
  namespace: string,
  shard: string,
): ObjectIdentity {
  const kind = namespace === '' ? 'ClusterRoleBinding' : 'RoleBinding';
  const { clusterRole: role, uid } = family;
  return { kind, namespace, role, class: family.class, uid, shard };
}
