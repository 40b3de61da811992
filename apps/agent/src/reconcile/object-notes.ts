import type { ObjectKey } from '@ambit/rbac';

/** What has to be remembered of single objects between two looks, beyond how they stand. */
export class ObjectNotes {
  /** They do not agree with what is wanted, as far as we know. */
  readonly unsettled = new Set<ObjectKey>();
  /** Somebody changed them and they are being put right. */
  readonly drifted = new Set<ObjectKey>();
  /** They were reported as somebody else's. */
  readonly foreign = new Set<ObjectKey>();
  /** Bindings whose role does not exist. */
  readonly roleless = new Set<ObjectKey>();
  /**
   * Objects that no list or watch shows, though we wrote them: they are gone, or their label was taken off, which
   * looks the same. The value tells whether somebody must have done it just now.
   */
  readonly missing = new Map<ObjectKey, boolean>();
  /** Roles that we may not narrow, with the bindings that go before them. */
  readonly condemned = new Map<ObjectKey, Condemned>();

  /** True for a condemned role whose bindings still stand, and for its bindings while it does. */
  isOnHold(key: ObjectKey): boolean {
    const role = this.condemned.get(key);
    if (role !== undefined) return role.standing.size > 0;
    return this.#condemnedBy(key)?.standing.has(key) === false;
  }

  /** True for a condemned role and the bindings that go because of it. */
  isCondemned(key: ObjectKey): boolean {
    return this.condemned.has(key) || this.#condemnedBy(key) !== undefined;
  }

  /** Notes that an object is gone; what may be looked at again because of it. */
  isGone(key: ObjectKey): ObjectKey[] {
    const released: ObjectKey[] = [];
    for (const [role, { standing }] of this.condemned) {
      if (standing.delete(key)) released.push(role);
    }
    const bindings = this.condemned.get(key)?.bindings ?? [];
    this.condemned.delete(key);
    return [...released, ...bindings];
  }

  #condemnedBy(binding: ObjectKey): Condemned | undefined {
    for (const role of this.condemned.values()) if (role.bindings.has(binding)) return role;
    return undefined;
  }
}

interface Condemned {
  readonly bindings: ReadonlySet<ObjectKey>;
  /** Those of the bindings that are not gone yet. */
  readonly standing: Set<ObjectKey>;
}
