import type { StateChange } from '@ambit/protocol';

/** Entries of a newer central that are not understood here, with what of them is not: nothing is given by them. */
export class SkippedEntries {
  readonly #why = new Map<string, string>();

  take({ mode, removed, entries, skipped }: StateChange): void {
    if (mode === 'full') this.#why.clear();
    for (const key of removed) this.#why.delete(key);
    for (const { key } of entries) this.#why.delete(key);
    for (const { key, why } of skipped) this.#why.set(key, why);
  }

  problems(): {
    readonly key: string;
    readonly reason: 'not_understood';
    readonly message: string;
  }[] {
    return Array.from(this.#why, ([key, why]) => {
      const message = `${why}: nothing is given by it until the agent is updated`;
      return { key, reason: 'not_understood', message };
    });
  }
}
