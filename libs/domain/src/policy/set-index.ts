const none: ReadonlySet<string> = new Set();

/** One value, or values as they were appended, or a set once somebody looked at it. */
type Held = string | string[] | Set<string>;

/**
 * Key to set of uids; a key without uids takes no room, and one with one uid little. A key that was only ever appended to
 * is a list until somebody asks: most keys of a policy that is loaded are asked for much later, or never.
 */
export class SetIndex {
  private readonly sets = new Map<string, Held>();

  get(key: string): ReadonlySet<string> {
    const held = this.sets.get(key);
    return held === undefined ? none : this.opened(key, held);
  }

  has(key: string, value: string): boolean {
    const held = this.sets.get(key);
    if (held === undefined || typeof held === 'string') return held === value;
    return this.opened(key, held).has(value);
  }

  /** How many keys have a value. */
  get size(): number {
    return this.sets.size;
  }

  keys(): Iterable<string> {
    return this.sets.keys();
  }

  /** True for a key with a value. */
  holds(key: string): boolean {
    return this.sets.has(key);
  }

  add(key: string, value: string): void {
    const held = this.sets.get(key);
    if (held === undefined) this.sets.set(key, value);
    else if (held !== value) this.opened(key, held).add(value);
  }

  /** As `add`, for a value that is not in it unless it was the last to be appended. */
  append(key: string, value: string): void {
    const held = this.sets.get(key);
    if (held === undefined) this.sets.set(key, value);
    else if (typeof held === 'string') {
      if (held !== value) this.sets.set(key, [held, value]);
    } else if (!Array.isArray(held)) held.add(value);
    else if (held.at(-1) !== value) held.push(value);
  }

  delete(key: string, value: string): void {
    const held = this.sets.get(key);
    if (held === undefined) return;
    const set = this.opened(key, held);
    set.delete(value);
    if (set.size === 0) this.sets.delete(key);
  }

  /** Every set of two or more. */
  *several(): Iterable<ReadonlySet<string>> {
    for (const [key, held] of this.sets) {
      if (typeof held === 'string') continue;
      const set = this.opened(key, held);
      if (set.size > 1) yield set;
    }
  }

  private opened(key: string, held: Held): Set<string> {
    if (held instanceof Set) return held;
    const set = new Set(typeof held === 'string' ? [held] : held);
    this.sets.set(key, set);
    return set;
  }
}
