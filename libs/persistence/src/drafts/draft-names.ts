import { PostgresNameStore } from '../kinds/name.store.ts';
import type { KnownNames } from '../known-names.ts';
import type { NamesByKind, NameStore } from '../transaction.ts';
import type { DraftContext } from './draft-context.ts';

/** Names from what is known; only those that are not are asked for. */
export class DraftNames implements NameStore {
  readonly #context: DraftContext;
  readonly #rows: (kind: string) => { expect(names: Iterable<string>): Promise<void> };

  constructor(
    context: DraftContext,
    rows: (kind: string) => { expect(names: Iterable<string>): Promise<void> },
  ) {
    this.#context = context;
    this.#rows = rows;
  }

  async find(wanted: NamesByKind): Promise<KnownNames> {
    const { names, known, sql } = this.#context;
    const missing: Record<string, string[]> = {};
    for (const [kind, ofKind] of Object.entries(wanted)) {
      for (const name of new Set(ofKind)) {
        if (names.uid(kind, name) !== undefined) continue;
        const uid = known?.uid(kind, name);
        if (uid === undefined) (missing[kind] ??= []).push(name);
        else names.add(kind, name, uid);
      }
    }
    return Object.keys(missing).length === 0
      ? names
      : new PostgresNameStore(sql).find(missing, names);
  }

  async expect(wanted: NamesByKind): Promise<void> {
    for (const [kind, names] of Object.entries(wanted)) {
      if (names !== undefined) await this.#rows(kind).expect(names);
    }
  }
}
