type Found<T> = ReadonlyMap<string, T>;

/** Statements that may look for things of one kind at the same time. */
const mostStatements = 1;
const mostIds = 500;

/**
 * Looks things up by id, those that are asked for at the same time together: many callers cost the database one
 * statement after the other, and who comes waits for one of them at most.
 */
export class SharedLookup<T> {
  readonly #read: (ids: readonly string[]) => Promise<Found<T>>;
  #running = 0;
  #waiting = new Map<string, PromiseWithResolvers<Found<T>>>();

  /** `read` gives what it finds by id. */
  constructor(read: (ids: readonly string[]) => Promise<Found<T>>) {
    this.#read = read;
  }

  async find(id: string): Promise<T | undefined> {
    const asked = this.#queue(id);
    this.#next();
    return (await asked).get(id);
  }

  /** Those that are there. */
  async all(ids: Iterable<string>): Promise<T[]> {
    const wanted = [...ids];
    // All of them stand in the queue before the first statement is made of it.
    const asked = wanted.map((id) => this.#queue(id));
    this.#next();
    const found = await Promise.all(asked);
    return wanted.flatMap((id, at): T[] => {
      const one = found[at]?.get(id);
      return one === undefined ? [] : [one];
    });
  }

  #queue(id: string): Promise<Found<T>> {
    const asked = this.#waiting.get(id) ?? Promise.withResolvers<Found<T>>();
    this.#waiting.set(id, asked);
    return asked.promise;
  }

  #next(): void {
    if (this.#running >= mostStatements || this.#waiting.size === 0) return;
    const batch = new Map(Array.from(this.#waiting).slice(0, mostIds));
    for (const id of batch.keys()) this.#waiting.delete(id);
    this.#running++;
    this.#read([...batch.keys()])
      .then(
        (found) => batch.forEach(({ resolve }) => resolve(found)),
        (error: unknown) => batch.forEach(({ reject }) => reject(error)),
      )
      .finally(() => {
        this.#running--;
        this.#next();
      });
  }
}
