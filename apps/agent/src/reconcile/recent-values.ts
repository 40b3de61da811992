/** Somewhat more than there are writes in flight. */
const most = 128;

/** What was made or read of late, by key: one object that is written is asked for several times in a row. */
export class RecentValues<Key, Value> {
  readonly #values = new Map<Key, Value>();
  #of = 0;

  /** All of it belongs to this version of what it is made from; of another one everything is forgotten. */
  of(version: number): this {
    if (version !== this.#of) this.#values.clear();
    this.#of = version;
    return this;
  }

  /** The value, made when it is not there. */
  get(key: Key, make: () => Value | undefined): Value | undefined {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const made = make();
    if (made === undefined) return undefined;
    this.set(key, made);
    return made;
  }

  set(key: Key, value: Value): void {
    if (this.#values.size >= most) this.#values.clear();
    this.#values.set(key, value);
  }

  forget(key: Key): void {
    this.#values.delete(key);
  }
}
