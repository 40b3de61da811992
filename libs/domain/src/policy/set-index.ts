const none: ReadonlySet<string> = new Set();

/** Key to set of uids; a key without uids takes no room. */
export class SetIndex {
  private readonly sets = new Map<string, Set<string>>();

  get(key: string): ReadonlySet<string> {
    return this.sets.get(key) ?? none;
  }

  has(key: string, value: string): boolean {
    return this.sets.get(key)?.has(value) ?? false;
  }

  add(key: string, value: string): void {
    const set = this.sets.get(key);
    if (set === undefined) this.sets.set(key, new Set([value]));
    else set.add(value);
  }

  delete(key: string, value: string): void {
    const set = this.sets.get(key);
    if (set === undefined) return;
    set.delete(value);
    if (set.size === 0) this.sets.delete(key);
  }
}
