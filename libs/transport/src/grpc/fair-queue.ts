/**
 * Groups take turns: each gives one item, its newest, then goes to the back. What one group queues delays only itself,
 * and within it whoever comes now is not behind a flood that came before.
 */
export class FairQueue<T> {
  /** The group whose turn is next comes first. */
  readonly #groups = new Map<string, T[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  sizeOf(group: string): number {
    return this.#groups.get(group)?.length ?? 0;
  }

  add(group: string, item: T): void {
    const items = this.#groups.get(group) ?? [];
    items.push(item);
    this.#groups.set(group, items);
    this.#size++;
  }

  remove(group: string, item: T): void {
    const items = this.#groups.get(group) ?? [];
    const index = items.indexOf(item);
    if (index < 0) return;
    items.splice(index, 1);
    this.#size--;
    if (items.length === 0) this.#groups.delete(group);
  }

  take(): T | undefined {
    const [next] = this.#groups;
    if (next === undefined) return undefined;
    const [group, items] = next;
    const item = items.pop();
    this.#size--;
    this.#groups.delete(group);
    if (items.length > 0) this.#groups.set(group, items);
    return item;
  }

  *[Symbol.iterator](): Generator<T> {
    for (const items of this.#groups.values()) yield* items;
  }
}
