import type { Ids } from '@ambit/kernel';

/** UUIDv7-shaped ids that count up, the same in every run. Two of different `series` never give the same id. */
export class FakeIds implements Ids {
  readonly #series: string;
  #last = 0;

  constructor(series = 0) {
    this.#series = series.toString(16).padStart(12, '0');
  }

  uuid(): string {
    const count = (++this.#last).toString(16).padStart(12, '0');
    return `${count.slice(0, 8)}-${count.slice(8)}-7000-8000-${this.#series}`;
  }
}
