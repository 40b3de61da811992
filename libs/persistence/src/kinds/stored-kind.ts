import type { PolicyObject } from '@ambit/domain';
import type { RecordMeta } from '../records.ts';
import type { MetaRow } from './record-meta.ts';

/** What a snapshot reads: a statement, and what each of its rows is to the compiler. */
export interface SnapshotSource {
  readonly select: string;
  readonly toObject: (row: never) => PolicyObject;
}

/** A table of rows that belong to one object and are replaced together. */
export interface StoredPart<T = never> {
  readonly table: string;
  /** Refers to the uid of the object. */
  readonly owner: string;
  readonly columns: Readonly<Record<string, string>>;
  /**
   * Of a column: the statement that gives which of some values may stand in it, given that of all values. It is asked once
   * for all rows; any other value is stored as NULL, which refuses the row.
   */
  readonly among?: Readonly<Record<string, (values: string) => string>>;
  toRows(record: T): readonly Readonly<Record<string, unknown>>[];
}

/** How the objects of one kind lie in the database. Names, lists, snapshot and seal follow from it. */
export interface StoredKind<R extends MetaRow = never, T extends RecordMeta = RecordMeta> {
  readonly kind: T['kind'];
  /** Has the columns of `MetaRow`. */
  readonly table: string;
  /** Rows as `t`, without WHERE. */
  readonly select: string;
  /** Columns in which `q` looks. */
  readonly searched: readonly string[];
  /** Holds for every object that is there; what was removed may keep its row. */
  readonly always?: string;
  readonly toRecord: (row: R) => T;
  /** What is written of it beside the columns of `MetaRow`, with the types in SQL. */
  readonly columns: Readonly<Record<string, string>>;
  /** The values for `columns`, as JSON has them. */
  toColumns(record: T): Readonly<Record<string, unknown>>;
  /** Rows of other tables that are written with it. */
  readonly parts?: readonly StoredPart<T>[];
  /** In an order in which what is referred to comes first. */
  readonly snapshot: readonly SnapshotSource[];
  /** Objects may change by their parts alone: no row of theirs is written, resourceVersion and generation follow. */
  readonly hasParts?: true;
}
