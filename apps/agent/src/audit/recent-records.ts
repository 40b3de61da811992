import type { SpoolRecord } from './spool-segment.ts';

/** The records that were flushed last, without a gap: whoever follows the spool need not read them from the disk. */
export class RecentRecords {
  readonly #most: number;
  #records: SpoolRecord[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** They are on disk, in this order. */
  add(flushed: readonly SpoolRecord[]): void {
    for (const record of flushed) {
      const last = this.#records.at(-1)?.sequence;
      if (last !== undefined && record.sequence !== last + 1) this.#records = [];
      this.#records.push(record);
    }
    if (this.#records.length > this.#most) this.#records = this.#records.slice(-this.#most);
  }

  /** Those from `sequence` on, at most so many; undefined when that one is not among them. */
  from(sequence: number, most: number): readonly SpoolRecord[] | undefined {
    const first = this.#records[0]?.sequence;
    const last = this.#records.at(-1)?.sequence;
    if (first === undefined || last === undefined || sequence < first || sequence > last) {
      return undefined;
    }
    return this.#records.slice(sequence - first, sequence - first + most);
  }

  /** Up to this one they are needed no more. */
  forget(sequence: number): void {
    const first = this.#records[0]?.sequence ?? Infinity;
    if (first <= sequence) this.#records = this.#records.slice(sequence - first + 1);
  }

  clear(): void {
    this.#records = [];
  }
}
