import type { ObjectKey } from '@ambit/rbac';

interface Condemned {
  readonly bindings: ReadonlySet<ObjectKey>;
  /** Those of the bindings that are not gone yet. */
  readonly standing: Set<ObjectKey>;
}

/** Roles that we may not narrow, with the bindings that go before them. */
export class CondemnedRoles {
  readonly #roles = new Map<ObjectKey, Condemned>();

  get size(): number {
    return this.#roles.size;
  }

  condemn(role: ObjectKey, bindings: ReadonlySet<ObjectKey>): void {
    this.#roles.set(role, { bindings, standing: new Set(bindings) });
  }

  /** True for a condemned role whose bindings still stand, and for its bindings that went while it does. */
  isOnHold(key: ObjectKey): boolean {
    const role = this.#roles.get(key);
    if (role !== undefined) return role.standing.size > 0;
    return this.#condemnedBy(key)?.standing.has(key) === false;
  }

  /** True for a condemned role and the bindings that go because of it. */
  isCondemned(key: ObjectKey): boolean {
    return this.#roles.has(key) || this.#condemnedBy(key) !== undefined;
  }

  /** Notes that an object is gone; what may be looked at again because of it. */
  isGone(key: ObjectKey): ObjectKey[] {
    const released: ObjectKey[] = [];
    for (const [role, { standing }] of this.#roles) {
      if (standing.delete(key)) released.push(role);
    }
    const bindings = this.#roles.get(key)?.bindings ?? [];
    this.#roles.delete(key);
    return [...released, ...bindings];
  }

  #condemnedBy(binding: ObjectKey): Condemned | undefined {
    for (const role of this.#roles.values()) if (role.bindings.has(binding)) return role;
    return undefined;
  }
}
