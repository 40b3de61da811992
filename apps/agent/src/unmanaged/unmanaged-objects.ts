import type { wire } from '@ambit/protocol';
import { objectKey } from '@ambit/rbac';
import type { BindingObject, ObjectKey, RoleObject } from '@ambit/rbac';
import { bindingFact, roleFact, roleKeyOf } from './unmanaged-facts.ts';

/** One fact that is told. */
export type UnmanagedFact =
  { readonly binding: wire.UnmanagedBindingFact } | { readonly role: wire.RoleFact };

/** What is kept, and told, of one cluster. Bindings of the whole cluster never have to make room for those in namespaces. */
export interface UnmanagedLimits {
  readonly ClusterRoleBinding: number;
  readonly RoleBinding: number;
  /** Characters of all facts about bindings, and of all about roles. */
  readonly text: number;
}
export const unmanagedLimits: UnmanagedLimits = {
  ClusterRoleBinding: 10_000,
  RoleBinding: 20_000,
  text: 16 * 1024 * 1024,
};

/** Which watch told of it: one that goes by our label, or the one of all the others. */
export type SeenBy = 'ours' | 'others';

interface Kept {
  readonly text: string;
  readonly by: SeenBy;
}

/**
 * What gives access in the cluster and is not ours: bindings, and the roles that they name. Each is kept as one short
 * text, read when it is told: as objects ten thousand of them would cost the agent more than its whole budget.
 */
export class UnmanagedObjects {
  readonly #limits: UnmanagedLimits;
  readonly #bindings = new Map<ObjectKey, Kept>();
  /** Every role there is, named or not: a binding may come after its role. */
  readonly #roles = new Map<ObjectKey, string>();
  /** How many of the bindings name a role. */
  readonly #named = new Map<ObjectKey, number>();
  /** For want of room. */
  readonly #leftOut = new Set<ObjectKey>();
  /** Because their names are too long. */
  readonly #untellable = new Set<ObjectKey>();
  readonly #counts = { ClusterRoleBinding: 0, RoleBinding: 0 };
  readonly #listeners = new Set<(key: ObjectKey) => void>();
  readonly #text = { bindings: 0, roles: 0 };

  constructor(limits = unmanagedLimits) {
    this.#limits = limits;
  }

  /** How many bindings are there and are not told. */
  get leftOut(): number {
    return this.#leftOut.size + this.#untellable.size;
  }

  /** Bindings that are told. */
  get size(): number {
    return this.#bindings.size;
  }

  /** Told of each key that is, or was, told and is another now. */
  onChange(listener: (key: ObjectKey) => void): void {
    this.#listeners.add(listener);
  }

  putBinding(binding: BindingObject, by: SeenBy): void {
    const key = objectKey(binding.kind, binding.metadata.namespace, binding.metadata.name);
    const fact = bindingFact(binding);
    const before = this.#bindings.get(key);
    const text = fact && JSON.stringify(fact);
    if (before !== undefined && before.text === text) {
      this.#bindings.set(key, { text, by });
      return;
    }
    this.#forget(key);
    if (fact === undefined || text === undefined) this.#untellable.add(key);
    else if (!this.#hasRoom(binding.kind, text)) this.#leftOut.add(key);
    else {
      this.#bindings.set(key, { text, by });
      this.#counts[binding.kind] += 1;
      this.#text.bindings += text.length;
      this.#name(roleKeyOf(fact), 1);
    }
    this.#tell(key);
  }

  /** It is gone, or ours; what another watch has told of it since stays. */
  removeBinding(key: ObjectKey, by: SeenBy): void {
    const known = this.#bindings.get(key);
    if (known !== undefined && known.by !== by) return;
    if (known === undefined && !this.#leftOut.has(key) && !this.#untellable.has(key)) return;
    this.#forget(key);
    this.#tell(key);
  }

  putRole(role: RoleObject): void {
    const { kind, metadata } = role;
    const key = objectKey(kind, metadata.namespace, metadata.name);
    const before = this.#roles.get(key);
    const text = this.#textOf(role, before?.length ?? 0);
    if (text === before) return;
    this.#text.roles += text.length - (before?.length ?? 0);
    this.#roles.set(key, text);
    if (this.#named.has(key)) this.#tell(key);
  }

  removeRole(key: ObjectKey): void {
    const before = this.#roles.get(key);
    if (before === undefined) return;
    this.#text.roles -= before.length;
    this.#roles.delete(key);
    if (this.#named.has(key)) this.#tell(key);
  }

  /** Undefined: there is none, or it is not told. */
  fact(key: ObjectKey): UnmanagedFact | undefined {
    const binding = this.#bindings.get(key);
    if (binding !== undefined)
      return { binding: JSON.parse(binding.text) as wire.UnmanagedBindingFact };
    const role = this.#named.has(key) ? this.#roles.get(key) : undefined;
    return role === undefined ? undefined : { role: JSON.parse(role) as wire.RoleFact };
  }

  /** Of all that is told, in the order of their bytes, which is that of the database. */
  keys(): ObjectKey[] {
    const roles = [...this.#named.keys()].filter((key) => this.#roles.has(key));
    return [...this.#bindings.keys(), ...roles]
      .map((key) => Buffer.from(key))
      .sort((a, b) => Buffer.compare(a, b))
      .map(String);
  }

  /** Bindings that were left out and for which there may be room now. */
  *waiting(): Generator<ObjectKey> {
    const { ClusterRoleBinding, RoleBinding } = this.#counts;
    const room = {
      ClusterRoleBinding: ClusterRoleBinding < this.#limits.ClusterRoleBinding,
      RoleBinding: RoleBinding < this.#limits.RoleBinding,
    };
    for (const key of this.#leftOut) {
      const kind = key.slice(0, key.indexOf('/')) as keyof typeof room;
      if (room[kind]) yield key;
    }
  }

  #hasRoom(kind: BindingObject['kind'], text: string): boolean {
    const { text: most, [kind]: mostOfKind } = this.#limits;
    return this.#counts[kind] < mostOfKind && this.#text.bindings + text.length <= most;
  }

  /** Where there is no room for its rules it is told that they are left out. */
  #textOf(role: RoleObject, before: number): string {
    const fact = roleFact(role);
    const text = JSON.stringify(fact);
    if (this.#text.roles - before + text.length <= this.#limits.text) return text;
    return JSON.stringify({ ...fact, rules: [], rulesLeftOut: true });
  }

  #forget(key: ObjectKey): void {
    this.#leftOut.delete(key);
    this.#untellable.delete(key);
    const known = this.#bindings.get(key);
    if (known === undefined) return;
    this.#bindings.delete(key);
    const fact = JSON.parse(known.text) as wire.UnmanagedBindingFact;
    this.#counts[fact.kind as BindingObject['kind']] -= 1;
    this.#text.bindings -= known.text.length;
    this.#name(roleKeyOf(fact), -1);
  }

  #name(role: ObjectKey, by: 1 | -1): void {
    const before = this.#named.get(role) ?? 0;
    if (before + by === 0) this.#named.delete(role);
    else this.#named.set(role, before + by);
    if ((before === 0 || before + by === 0) && this.#roles.has(role)) this.#tell(role);
  }

  #tell(key: ObjectKey): void {
    for (const listener of this.#listeners) listener(key);
  }
}
