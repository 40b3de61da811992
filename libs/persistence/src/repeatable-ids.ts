import type { Ids } from '@ambit/kernel';

/** Ids that come again in the same order after `again`: work that is done twice makes the same objects. */
export class RepeatableIds implements Ids {
  readonly #ids: Ids;
  readonly #given: string[] = [];
  #next = 0;

  constructor(ids: Ids) {
    this.#ids = ids;
  }

  again(): void {
    this.#next = 0;
  }

  uuid(): string {
    const id = (this.#given[this.#next] ??= this.#ids.uuid());
    this.#next++;
    return id;
  }
}
