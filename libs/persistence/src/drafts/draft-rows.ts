import type { StoredKind } from '../kinds/stored-kind.ts';
import type { RecordMeta } from '../records.ts';
import type { DraftContext } from './draft-context.ts';

/** The objects of one kind as a draft has them: as they were read, or as it leaves them. */
export class DraftRows<T extends RecordMeta> {
  readonly #context: DraftContext;
  readonly #stored: StoredKind<never, T>;
  /** As people know it: also that of a kind without a table of its own. */
  readonly #kind: string;
  readonly #rows = new Map<string, T | null>();

  constructor(context: DraftContext, stored: StoredKind<never, T>, kind: string = stored.kind) {
    this.#context = context;
    this.#stored = stored;
    this.#kind = kind;
  }

  /** As the database has it. */
  async find(name: string): Promise<T | null> {
    if (!this.#rows.has(name)) await this.#read([name]);
    return this.#rows.get(name) ?? null;
  }

  /** What a put finds: one that is not known is taken to be absent, and its creation fails when it is not. */
  async before(name: string): Promise<T | null> {
    if (!this.#rows.has(name) && this.#isAbsent(name)) return null;
    return this.find(name);
  }

  /** Reads those that are there in one statement. */
  async expect(names: Iterable<string>): Promise<void> {
    const wanted = Array.from(names).filter(
      (name) => !this.#rows.has(name) && !this.#isAbsent(name),
    );
    if (wanted.length > 1) await this.#read(wanted);
  }

  set(name: string, record: T | null): void {
    this.#rows.set(name, record);
    this.#context.written.add(`${this.#kind}/${name}`);
    if (record !== null) this.#context.names.add(this.#kind, name, record.uid);
  }

  #isAbsent(name: string): boolean {
    const { known } = this.#context;
    return known !== undefined && known.uid(this.#kind, name) === undefined;
  }

  async #read(names: readonly string[]): Promise<void> {
    const { sql, writes } = this.#context;
    const { select, always, toRecord } = this.#stored;
    const also = always === undefined ? '' : ` AND ${always}`;
    const ofKind = this.#kind === this.#stored.kind ? '' : ' AND t.kind = $2';
    const rows = await sql.query<never>(
      `${select} WHERE t.name = ANY($1::text[])${also}${ofKind}`,
      ofKind === '' ? [names] : [names, this.#kind],
    );
    for (const name of names) this.#rows.set(name, null);
    for (const row of rows) {
      const record = toRecord(row);
      this.#rows.set(record.name, record);
      writes.hold(this.#stored as StoredKind, record);
    }
  }
}
