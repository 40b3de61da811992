import type { PolicyObject } from '@ambit/domain';
import type { RecordMeta } from '../records.ts';
import type { MetaRow } from './record-meta.ts';

/** What a snapshot reads: a statement, and what each of its rows is to the compiler. */
export interface SnapshotSource {
  readonly select: string;
  readonly toObject: (row: never) => PolicyObject;
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
  /** In an order in which what is referred to comes first. */
  readonly snapshot: readonly SnapshotSource[];
  /** Objects may change by their parts alone: no row of theirs is written, resourceVersion and generation follow. */
  readonly hasParts?: true;
}
