import type { Ceiling, NamespaceState, PolicyRule } from '@ambit/rbac';

/** What changed; whoever reports it reads the rest from `ClusterFacts`. */
export type FactChange = { readonly namespace: string } | { readonly clusterRole: string };

/** Namespaces, and the rules of the ClusterRoles that the ceiling allows: what central answers questions from. */
export class ClusterFacts {
  readonly namespaces = new Map<string, NamespaceState>();
  /** Of every ClusterRole that is not ours, by name; rules only of those the ceiling allows. */
  readonly #roles = new Map<string, readonly PolicyRule[] | undefined>();
  readonly #listeners = new Set<(change: FactChange) => void>();
  #allowed: ReadonlySet<string>;

  constructor(ceiling: Ceiling) {
    this.#allowed = new Set(ceiling.allowedClusterRoles);
  }

  onChange(listener: (change: FactChange) => void): void {
    this.#listeners.add(listener);
  }

  /** Rules by name of the ClusterRoles that the ceiling allows and that exist. */
  *clusterRoles(): Generator<readonly [string, readonly PolicyRule[]]> {
    for (const [name, rules] of this.#roles) if (rules !== undefined) yield [name, rules];
  }

  rulesOf(name: string): readonly PolicyRule[] | undefined {
    return this.#roles.get(name);
  }

  roleNames(): Iterable<string> {
    return this.#roles.keys();
  }

  setNamespace(namespace: NamespaceState): void {
    this.namespaces.set(namespace.name, namespace);
    this.#tell({ namespace: namespace.name });
  }

  removeNamespace(name: string): void {
    this.namespaces.delete(name);
    this.#tell({ namespace: name });
  }

  /** True when the set of existing roles changed by it. */
  setRole(name: string, rules: readonly PolicyRule[] | null): boolean {
    const fresh = !this.#roles.has(name);
    this.#roles.set(name, this.#allowed.has(name) ? (rules ?? []) : undefined);
    if (this.#allowed.has(name)) this.#tell({ clusterRole: name });
    return fresh;
  }

  removeRole(name: string): boolean {
    const known = this.#roles.delete(name);
    if (known && this.#allowed.has(name)) this.#tell({ clusterRole: name });
    return known;
  }

  /** Roles that the ceiling allows, that exist, and whose rules were not kept while it did not. */
  unread(): string[] {
    return Array.from(this.#allowed).filter(
      (name) => this.#roles.has(name) && this.#roles.get(name) === undefined,
    );
  }

  /** After this `unread` names the roles whose rules have to be told again. */
  setCeiling(ceiling: Ceiling): void {
    const before = this.#allowed;
    this.#allowed = new Set(ceiling.allowedClusterRoles);
    for (const name of before) {
      if (this.#allowed.has(name) || !this.#roles.has(name)) continue;
      this.#roles.set(name, undefined);
      this.#tell({ clusterRole: name });
    }
  }

  #tell(change: FactChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}
